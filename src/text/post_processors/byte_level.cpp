// The post-processor of byte-level tokenizers only adjusts offsets, which kerf does not use.

#include <memory>
#include <vector>

#include "text/post_processor.h"

namespace kerf::text {
namespace {

class ByteLevel : public PostProcessor {
 public:
  explicit ByteLevel(const JsonCursor& json) { expect_keys(json, {"add_prefix_space", "trim_offsets", "use_regex"}); }
  void process(std::vector<std::int64_t>&, bool) const override {}
};

std::unique_ptr<PostProcessor> make(const JsonCursor& json) { return std::make_unique<ByteLevel>(json); }

}  // namespace

const PostProcessorInfo& byte_level_post_processor() {
  static const PostProcessorInfo info{"ByteLevel", "adds nothing", make};
  return info;
}

}  // namespace kerf::text
