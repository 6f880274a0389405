#include "text/pattern_replace.h"

#include <fmt/format.h>

#include "core/strings.h"
#include "text/component.h"
#include "text/pieces.h"

namespace kerf::text {

PatternReplace::PatternReplace(const JsonCursor& json)
    : regex_(pattern_of(json.at("pattern")), json.at("pattern")), content_(json.at("content").as_string()) {
  expect_keys(json, {"pattern", "content"});
  // Versions of the reference library differ: some put groups in its place, some take it as it stands.
  if (json.at("pattern").has("Regex") && content_.find('$') != std::string::npos) {
    json.at("content").fail(fmt::format("found {} with a $, expected a replacement without groups", quoted(content_)));
  }
}

std::string PatternReplace::apply(std::string_view text) const {
  std::string out;
  // An empty text has no matches, not even an empty one.
  if (text.empty()) return out;
  out.reserve(text.size());
  std::size_t previous = 0;
  regex_.find_all(text, [&](Span match) {
    out += text.substr(previous, match.begin - previous);
    out += content_;
    previous = match.end;
    check_growth(text.size(), out.size());
  });
  out += text.substr(previous);
  check_growth(text.size(), out.size());
  return out;
}

}  // namespace kerf::text
