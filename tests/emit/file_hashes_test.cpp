#include "emit/file_hashes.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::emit {
namespace {

TEST(FileHashes, AreSha256InTheOrderOfTheFiles) {
  const test::TempDir folder;
  folder.write("b", "abc");
  folder.write("a", "");
  const auto hashes = hash_files(std::vector<std::string>{folder / "b", folder / "a"});
  // FIPS 180-2's example, and the hash of nothing.
  EXPECT_EQ(hashes[0], (FileHash{"b", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}));
  EXPECT_EQ(hashes[1], (FileHash{"a", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}));
}

TEST(FileHashes, ReadLargeFilesInPieces) {
  const test::TempDir folder;
  folder.write("million", std::string(1000000, 'a'));
  folder.write("more", std::string((1 << 21) + 1, 'x'));
  const auto hashes = hash_files({{"renamed", folder / "million"}, {"more", folder / "more"}});
  // FIPS 180-2's third example.
  EXPECT_EQ(hashes[0],
            (FileHash{"renamed", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"}));
  EXPECT_EQ(hashes[1].bytes, (1U << 21) + 1);
}

TEST(FileHashes, AMissingFileIsRefused) {
  test::expect_error(ErrorCode::kInput, "nowhere", [] { hash_files(std::vector<std::string>{"nowhere"}); });
}

}  // namespace
}  // namespace kerf::emit
