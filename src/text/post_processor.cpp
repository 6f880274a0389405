#include "text/post_processor.h"

namespace kerf::text {

const std::vector<const PostProcessorInfo*>& post_processors() {
  static const std::vector<const PostProcessorInfo*> all = {
#define X(name) &name##_post_processor(),
#include "text/post_processors.def"
#undef X
  };
  return all;
}

std::unique_ptr<PostProcessor> make_post_processor(const JsonCursor& json) {
  return make_component("post-processor", post_processors(), json);
}

}  // namespace kerf::text
