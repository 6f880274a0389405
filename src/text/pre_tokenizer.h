#pragma once

#include <memory>
#include <vector>

#include "text/component.h"
#include "text/pieces.h"

namespace kerf::text {

/// Divides each piece of a text further (and may rewrite it). Const and thread-safe.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual void split(Pieces& pieces) const = 0;
};

using PreTokenizerInfo = ComponentInfo<PreTokenizer>;

const std::vector<const PreTokenizerInfo*>& pre_tokenizers();
std::unique_ptr<PreTokenizer> make_pre_tokenizer(const JsonCursor& json);

#define X(name) const PreTokenizerInfo& name##_pre_tokenizer();
#include "text/pre_tokenizers.def"
#undef X

}  // namespace kerf::text
