#pragma once

#include <cstdint>
#include <string_view>

namespace kerf {

/// Told how far a long job is; the command line draws a bar from it. Calls come from one thread at a time.
class Progress {
 public:
  virtual ~Progress() = default;
  /// A task of `total` steps begins.
  virtual void start(std::string_view task, std::int64_t total) = 0;
  virtual void advance(std::int64_t steps) = 0;
  virtual void finish() = 0;
};

}  // namespace kerf
