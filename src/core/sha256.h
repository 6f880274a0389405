#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace kerf {

/// Incremental SHA-256 (FIPS 180-4; OpenSSL's implementation).
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::span<const std::byte> bytes);
  /// 64 hexadecimal digits; call once.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kerf
