#include "text/unknown_token.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::text {

void UnknownToken::fail(std::string_view text) const {
  const std::string missing = name_.empty() ? "and the model names no unknown token"
                                            : fmt::format("nor has it the unknown token {}", quoted(name_));
  throw_input(file_, place_,
              fmt::format("the text has {}, which the vocabulary does not have, {}", quoted(text), missing));
}

}  // namespace kerf::text
