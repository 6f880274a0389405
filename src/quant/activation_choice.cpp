#include "quant/activation_choice.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::quant {

std::string ActivationChoice::name() const {
  return scheme.dynamic ? scheme.name : fmt::format("{}/{}", scheme.name, range.name());
}

std::optional<ActivationChoice> parse_activations(std::string_view text, const RangeChoice& range) {
  if (text.empty() || to_lower_ascii(text) == "none") return std::nullopt;
  const std::size_t slash = text.find('/');
  ActivationChoice choice{codec::parse_activation_scheme(text.substr(0, slash)), range};
  if (slash != std::string_view::npos) {
    if (choice.scheme.dynamic) {
      throw_usage(fmt::format("activations {}: a dynamic range follows from each token, a rule is for static ones",
                              quoted(text)));
    }
    choice.range = parse_range(text.substr(slash + 1));
  }
  return choice;
}

}  // namespace kerf::quant
