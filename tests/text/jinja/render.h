#pragma once

#include <string>
#include <string_view>

#include "text/jinja/template.h"

namespace kerf::test {

/// What a template prints of no variables.
inline std::string render(std::string_view source) {
  return text::jinja::Template(source, "t.jinja").render(Json::object()).text;
}

}  // namespace kerf::test
