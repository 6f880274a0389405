// Special tokens around a text, as a template says: [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}].

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/strings.h"
#include "text/post_processor.h"
#include "text/vocabulary.h"

namespace kerf::text {
namespace {

/// More ids than this for one special token, or more pieces, are not a template.
constexpr std::size_t kMaxPieces = 64;

struct TemplatePiece {
  bool is_text = false;
  std::string token;              ///< of a special token
  std::vector<std::int64_t> ids;  ///< of a special token
};

std::vector<std::int64_t> ids_of(const JsonCursor& special) {
  const JsonCursor list = special.at("ids");
  if (list.as_array().size() > kMaxPieces) list.fail("found too many ids for one special token");
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < list.as_array().size(); ++i) ids.push_back(list.at(i).as_int64_in(0, kMaxTokenId));
  return ids;
}

TemplatePiece piece_of(const JsonCursor& json, const JsonCursor& template_json) {
  if (const auto text = json.get("Sequence")) {
    const std::string name = text->at("id").as_string();
    if (name != "A") text->at("id").fail(fmt::format("found {}, expected A in a template for one text", quoted(name)));
    return {.is_text = true, .token = {}, .ids = {}};
  }
  const JsonCursor name = json.at("SpecialToken").at("id");
  const JsonCursor known = template_json.at("special_tokens");
  const auto special = known.get(name.as_string());
  if (!special) name.fail(fmt::format("special token {} is not among special_tokens", quoted(name.as_string())));
  return {.is_text = false, .token = name.as_string(), .ids = ids_of(*special)};
}

class Template : public PostProcessor {
 public:
  explicit Template(const JsonCursor& json) {
    // `pair` is for two texts at once, which kerf never encodes.
    expect_keys(json, {"single", "pair", "special_tokens"});
    const JsonCursor single = json.at("single");
    if (single.as_array().size() > kMaxPieces) single.fail("found too many pieces for a template");
    for (std::size_t i = 0; i < single.as_array().size(); ++i) pieces_.push_back(piece_of(single.at(i), json));
    const auto texts = std::count_if(pieces_.begin(), pieces_.end(), [](const auto& piece) { return piece.is_text; });
    if (texts != 1) single.fail(fmt::format("found the text {} times in the template, expected once", texts));
  }

  void process(std::vector<std::int64_t>& ids, bool add_special) const override {
    std::vector<std::int64_t> out;
    out.reserve(ids.size() + pieces_.size());
    for (const auto& piece : pieces_) {
      if (piece.is_text) {
        out.insert(out.end(), ids.begin(), ids.end());
      } else if (add_special) {
        out.insert(out.end(), piece.ids.begin(), piece.ids.end());
      }
    }
    ids = std::move(out);
  }

  std::optional<std::string> leading_token() const override {
    if (pieces_.size() < 2 || pieces_[0].is_text) return std::nullopt;
    return pieces_[0].token;
  }

  std::vector<std::int64_t> special_ids() const override {
    std::vector<std::int64_t> ids;
    for (const auto& piece : pieces_) ids.insert(ids.end(), piece.ids.begin(), piece.ids.end());
    return ids;
  }

 private:
  std::vector<TemplatePiece> pieces_;
};

std::unique_ptr<PostProcessor> make(const JsonCursor& json) { return std::make_unique<Template>(json); }

}  // namespace

const PostProcessorInfo& template_processing_post_processor() {
  static const PostProcessorInfo info{"TemplateProcessing", "special tokens around a text, by a template", make};
  return info;
}

}  // namespace kerf::text
