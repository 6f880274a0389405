// BERT's special tokens: [CLS] text [SEP].

#include <memory>

#include "text/post_processor.h"
#include "text/surrounding_tokens.h"

namespace kerf::text {
namespace {

std::unique_ptr<PostProcessor> make(const JsonCursor& json) {
  expect_keys(json, {"sep", "cls"});
  return std::make_unique<SurroundingTokens>(json);
}

}  // namespace

const PostProcessorInfo& bert_processing_post_processor() {
  static const PostProcessorInfo info{"BertProcessing", "[CLS] before a text and [SEP] after it", make};
  return info;
}

}  // namespace kerf::text
