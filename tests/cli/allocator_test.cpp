#include "cli/allocator.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <malloc.h>

namespace kerf::cli {
namespace {

#if defined(M_ARENA_MAX)
/// As glibc's malloc_info(3) lists them.
std::ptrdiff_t pools() {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* const file = open_memstream(&text, &size);
  malloc_info(0, file);
  std::fclose(file);
  const std::string listed(text, size);
  std::free(text);
  std::ptrdiff_t count = 0;
  for (std::size_t at = 0; (at = listed.find("<heap nr", at)) != std::string::npos; ++at) ++count;
  return count;
}

TEST(Allocator, ThreadsGetNoPoolsOfTheirOwn) {
  share_one_pool();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int round = 0; round < 1000; ++round) std::free(std::malloc(100000));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pools(), 1);
}
#endif

}  // namespace
}  // namespace kerf::cli
