#include "cli/failure.h"

#include <csignal>
#include <exception>
#include <new>
#include <stdexcept>

#include <fmt/format.h>

#include "cli/console.h"
#include "core/error.h"

namespace kerf::cli {
namespace {

constexpr int kMachineFailed = static_cast<int>(ErrorCode::kMachine);

int out_of_memory() {
  print_error("not enough memory; a smaller --max-ram, fewer --threads or a shorter --context need less");
  return kMachineFailed;
}

}  // namespace

int guarded(const std::function<int()>& body) {
  try {
    return body();
  } catch (const Error& error) {
    print_error(error.what());
    return static_cast<int>(error.code());
  } catch (const ClosedPipe&) {
    return 128 + SIGPIPE;
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (const std::length_error&) {
    return out_of_memory();
  } catch (const std::exception& error) {
    print_error(fmt::format("an unexpected failure: {}", error.what()));
    return kMachineFailed;
  }
}

}  // namespace kerf::cli
