#include "core/json_strings.h"

#include "core/strings.h"

namespace kerf {

std::string utf8_text(const std::string& text) {
  if (!find_invalid_utf8(text)) return text;
  const std::string safe = quoted(text, text.size());
  return safe.substr(1, safe.size() - 2);
}

Json::Array strings_json(const std::vector<std::string>& strings) {
  Json::Array out;
  for (const std::string& text : strings) out.emplace_back(utf8_text(text));
  return out;
}

}  // namespace kerf
