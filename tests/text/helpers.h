#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "text/normalizer.h"
#include "text/pieces.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"

namespace kerf::test {

/// Values that live until the test program ends, because cursors point into them.
inline const Json& json(std::string_view text) {
  static std::vector<std::unique_ptr<Json>> kept;
  kept.push_back(std::make_unique<Json>(Json::parse(text, "test.json")));
  return *kept.back();
}
inline JsonCursor cursor(std::string_view text) { return JsonCursor(json(text), "test.json"); }

inline std::string normalized(std::string_view description, std::string text) {
  text::make_normalizer(cursor(description))->normalize(text);
  return text;
}

/// The pieces that a pre-tokenizer makes of a text.
inline std::vector<std::string> pieces_of(std::string_view description, std::string_view text) {
  text::Pieces pieces;
  pieces.assign(text);
  text::make_pre_tokenizer(cursor(description))->split(pieces);
  std::vector<std::string> views;
  for (const text::Span span : pieces.spans) views.emplace_back(pieces.view(span));
  return views;
}

inline std::shared_ptr<const text::Tokenizer> tokenizer_of(std::string_view tokenizer_json,
                                                           std::string_view config = "null") {
  return text::Tokenizer::make({json(tokenizer_json), json(config), "dir/tokenizer.json"});
}

/// tokenizer.json with this model and these further members (each followed by a comma).
inline std::string with_model(std::string_view model, std::string_view members = "") {
  return "{" + std::string(members) + R"("version": "1.0", "model": )" + std::string(model) + "}";
}

}  // namespace kerf::test
