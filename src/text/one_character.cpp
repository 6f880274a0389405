#include "text/one_character.h"

#include "core/strings.h"
#include "text/unicode.h"

namespace kerf::text {

std::string one_character(const JsonCursor& json) {
  std::string text = json.as_string();
  if (count_code_points(text) != 1) json.fail("found " + quoted(text) + ", expected one character");
  return text;
}

}  // namespace kerf::text
