// Post-processors one after another.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "text/post_processor.h"

namespace kerf::text {
namespace {

class Sequence : public PostProcessor {
 public:
  explicit Sequence(const JsonCursor& json) {
    expect_keys(json, {"processors"});
    const JsonCursor steps = json.at("processors");
    for (std::size_t i = 0; i < steps.as_array().size(); ++i) steps_.push_back(make_post_processor(steps.at(i)));
  }

  void process(std::vector<std::int64_t>& ids, bool add_special) const override {
    for (const auto& step : steps_) step->process(ids, add_special);
  }

  /// What the last step puts in front stands first.
  std::optional<std::string> leading_token() const override {
    std::optional<std::string> first;
    for (const auto& step : steps_) {
      if (auto token = step->leading_token()) first = std::move(token);
    }
    return first;
  }

  std::vector<std::int64_t> special_ids() const override {
    std::vector<std::int64_t> ids;
    for (const auto& step : steps_) {
      const auto more = step->special_ids();
      ids.insert(ids.end(), more.begin(), more.end());
    }
    return ids;
  }

 private:
  std::vector<std::unique_ptr<PostProcessor>> steps_;
};

std::unique_ptr<PostProcessor> make(const JsonCursor& json) { return std::make_unique<Sequence>(json); }

}  // namespace

const PostProcessorInfo& sequence_post_processor() {
  static const PostProcessorInfo info{"Sequence", "post-processors one after another", make};
  return info;
}

}  // namespace kerf::text
