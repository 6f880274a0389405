// RoBERTa's special tokens: <s> text </s>. The other options adjust offsets, which kerf does not use.

#include <memory>

#include "text/post_processor.h"
#include "text/surrounding_tokens.h"

namespace kerf::text {
namespace {

std::unique_ptr<PostProcessor> make(const JsonCursor& json) {
  expect_keys(json, {"sep", "cls", "trim_offsets", "add_prefix_space"});
  return std::make_unique<SurroundingTokens>(json);
}

}  // namespace

const PostProcessorInfo& roberta_processing_post_processor() {
  static const PostProcessorInfo info{"RobertaProcessing", "<s> before a text and </s> after it", make};
  return info;
}

}  // namespace kerf::text
