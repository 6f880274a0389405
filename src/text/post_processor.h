#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "text/component.h"

namespace kerf::text {

/// Adds special tokens around the ids of a text. Const and thread-safe.
class PostProcessor {
 public:
  virtual ~PostProcessor() = default;
  /// `add_special` false: the template is followed without its special tokens.
  virtual void process(std::vector<std::int64_t>& ids, bool add_special) const = 0;
  /// The special token that stands before a text, if there is one.
  virtual std::optional<std::string> leading_token() const { return std::nullopt; }
  /// Ids that it can add.
  virtual std::vector<std::int64_t> special_ids() const { return {}; }
};

using PostProcessorInfo = ComponentInfo<PostProcessor>;

const std::vector<const PostProcessorInfo*>& post_processors();
std::unique_ptr<PostProcessor> make_post_processor(const JsonCursor& json);

#define X(name) const PostProcessorInfo& name##_post_processor();
#include "text/post_processors.def"
#undef X

}  // namespace kerf::text
