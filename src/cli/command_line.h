#pragma once

#include <string>
#include <vector>

namespace kerf::cli {

/// The words that kerf was started with, as a line that a shell would read the same way: reports say where they come
/// from.
std::string shell_line(const std::vector<std::string>& words);

/// Remembered by Application::run() for the reports; "" before.
void remember_command_line(const std::vector<std::string>& words);
const std::string& command_line();

}  // namespace kerf::cli
