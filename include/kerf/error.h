#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace kerf {

/// What kind of failure an Error is; the values are the process exit codes of the command line.
enum class ErrorCode {
  kUsage = 2,    ///< wrong arguments, or a request that cannot be met as asked
  kInput = 3,    ///< an input was refused: malformed, unsupported or inconsistent
  kMachine = 4,  ///< the machine failed: disk, memory, permission
};

/// The one exception that kerf throws at its boundaries. Kernels never throw.
///
/// what() is one sentence, "file: place: message": `file` names the file (may be empty), `place` the
/// tensor, key, line or offset (may be empty), `message` what was found and what was expected.
/// Text that comes from a file must pass through quoted() (core/strings.h) before it gets here.
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string file, std::string place, std::string message);

  ErrorCode code() const noexcept { return code_; }
  const std::string& file() const noexcept { return file_; }
  const std::string& place() const noexcept { return place_; }
  const std::string& message() const noexcept { return message_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  ErrorCode code_;
  std::string file_, place_, message_, text_;
};

/// Shorthands for the three kinds. All of them throw.
[[noreturn]] void throw_usage(std::string message);
[[noreturn]] void throw_input(std::string_view file, std::string_view place, std::string message);
[[noreturn]] void throw_machine(std::string_view file, std::string message);
/// As throw_machine, with the text of `error_number` (an errno value) appended.
[[noreturn]] void throw_errno(std::string_view file, std::string_view action, int error_number);

}  // namespace kerf
