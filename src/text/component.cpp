#include "text/component.h"

#include <algorithm>

namespace kerf::text {

void expect_keys(const JsonCursor& json, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : json.as_object()) {
    if (key == "type" || std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::vector<std::string> names(known.begin(), known.end());
    json.fail(unknown_name("option", key, names));
  }
}

}  // namespace kerf::text
