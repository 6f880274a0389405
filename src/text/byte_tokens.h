#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "text/vocabulary.h"

namespace kerf::text {

/// The tokens <0x00> to <0xFF>, which spell what a vocabulary does not have ("byte fallback").
class ByteTokens {
 public:
  explicit ByteTokens(const Vocabulary& vocabulary);

  /// Appends the tokens of all bytes; false, and nothing, if one of them has none.
  template <typename Id>
  bool append(std::string_view bytes, std::vector<Id>& ids) const {
    for (const char c : bytes) {
      if (id_of(c) < 0) return false;
    }
    for (const char c : bytes) ids.push_back(id_of(c));
    return true;
  }

 private:
  std::int32_t id_of(char byte) const { return ids_[static_cast<unsigned char>(byte)]; }
  std::array<std::int32_t, 256> ids_{};  ///< -1: none
};

}  // namespace kerf::text
