#pragma once

#include <functional>

namespace kerf::cli {

/// Runs `body` and returns its exit code, or that of what it throws after saying it in one line on standard error:
/// an Error its own code, anything else 4. A reader of standard output that went away is 128 + SIGPIPE, in silence.
int guarded(const std::function<int()>& body);

}  // namespace kerf::cli
