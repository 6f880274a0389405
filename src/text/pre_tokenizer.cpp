#include "text/pre_tokenizer.h"

namespace kerf::text {

const std::vector<const PreTokenizerInfo*>& pre_tokenizers() {
  static const std::vector<const PreTokenizerInfo*> all = {
#define X(name) &name##_pre_tokenizer(),
#include "text/pre_tokenizers.def"
#undef X
  };
  return all;
}

std::unique_ptr<PreTokenizer> make_pre_tokenizer(const JsonCursor& json) {
  return make_component("pre-tokenizer", pre_tokenizers(), json);
}

}  // namespace kerf::text
