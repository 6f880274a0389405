#pragma once

#include <string>
#include <string_view>

namespace kerf::cli {

/// Writes data to standard output; Error(kMachine) if it cannot be written. A reader that went away ends the output:
/// ClosedPipe.
void print(std::string_view text);

/// Thrown by print() when nobody reads any more (`kerf inspect M | head`): nothing to say, only to stop.
struct ClosedPipe {};

/// "kerf: MESSAGE" as one line on standard error; control bytes and invalid UTF-8 as \xNN, cut after 4000 bytes.
void print_error(std::string_view message) noexcept;

/// The rest of standard input; Error(kInput) if it is longer than `limit_bytes`.
std::string read_standard_input(std::size_t limit_bytes);

}  // namespace kerf::cli
