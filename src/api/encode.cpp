#include <memory>

#include "kerf/kerf.h"

#include "api/open_model.h"

namespace kerf {

TextEncoder TextEncoder::open(const std::string& path) {
  TextEncoder encoder;
  encoder.tokenizer_ = api::open_tokenizer(path);
  return encoder;
}

std::vector<std::int64_t> TextEncoder::encode(const std::string& text, bool special) const {
  return static_cast<const text::Tokenizer*>(tokenizer_.get())->encode(text, special);
}

std::string TextEncoder::decode(const std::vector<std::int64_t>& ids) const {
  return static_cast<const text::Tokenizer*>(tokenizer_.get())->decode(ids, false);
}

}  // namespace kerf
