#pragma once

#include <cstdint>
#include <string>

#include "core/json.h"

namespace kerf::text {

/// The options of the pre-tokenizer and the decoder Metaspace, which are written in the same way.
struct MetaspaceOptions {
  /// Before which pieces of a text the replacement is put.
  enum class Prepend : std::uint8_t { kAlways, kFirst, kNever };

  /// Error(kInput) naming the key.
  explicit MetaspaceOptions(const JsonCursor& json);

  std::string replacement;  ///< one character, which stands for a space
  Prepend prepend = Prepend::kAlways;
  bool split = true;
};

}  // namespace kerf::text
