#include "text/byte_tokens.h"

#include <fmt/format.h>

namespace kerf::text {

ByteTokens::ByteTokens(const Vocabulary& vocabulary) {
  for (std::size_t byte = 0; byte < ids_.size(); ++byte) {
    ids_[byte] = static_cast<std::int32_t>(vocabulary.id_of(fmt::format("<0x{:02X}>", byte)).value_or(-1));
  }
}

}  // namespace kerf::text
