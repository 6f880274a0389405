#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/component.h"

namespace kerf::text {

/// Turns the strings of tokens back into text: a step of a chain, after the last of which the strings are joined.
/// Const and thread-safe.
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual void decode(std::vector<std::string>& tokens) const = 0;
};

using DecoderInfo = ComponentInfo<Decoder>;

const std::vector<const DecoderInfo*>& decoders();
std::unique_ptr<Decoder> make_decoder(const JsonCursor& json);

#define X(name) const DecoderInfo& name##_decoder();
#include "text/decoders.def"
#undef X

}  // namespace kerf::text
