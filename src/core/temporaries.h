#pragma once

#include <string>

namespace kerf {

/// Paths of unfinished outputs of this process, kept where a signal handler can read them. Private to core.
class TemporaryPath {
 public:
  TemporaryPath() = default;
  /// Registers `path`; Error(kMachine) if too many outputs are open at once.
  explicit TemporaryPath(const std::string& path);
  TemporaryPath(TemporaryPath&& other) noexcept : slot_(other.slot_) { other.slot_ = -1; }
  TemporaryPath& operator=(TemporaryPath&& other) noexcept;
  ~TemporaryPath() { release(); }
  /// The path is no longer temporary (renamed or removed).
  void release();

 private:
  int slot_ = -1;
};

}  // namespace kerf
