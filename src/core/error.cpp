#include "core/error.h"

#include <cstring>
#include <system_error>
#include <utility>

namespace kerf {

Error::Error(ErrorCode code, std::string file, std::string place, std::string message)
    : code_(code), file_(std::move(file)), place_(std::move(place)), message_(std::move(message)) {
  if (!file_.empty()) text_ += file_ + ": ";
  if (!place_.empty()) text_ += place_ + ": ";
  text_ += message_;
}

void throw_usage(std::string message) { throw Error(ErrorCode::kUsage, "", "", std::move(message)); }

void throw_input(std::string_view file, std::string_view place, std::string message) {
  throw Error(ErrorCode::kInput, std::string(file), std::string(place), std::move(message));
}

void throw_machine(std::string_view file, std::string message) {
  throw Error(ErrorCode::kMachine, std::string(file), "", std::move(message));
}

void throw_errno(std::string_view file, std::string_view action, int error_number) {
  throw_machine(file, std::string(action) + ": " + std::generic_category().message(error_number));
}

}  // namespace kerf
