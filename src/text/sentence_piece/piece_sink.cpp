#include "text/sentence_piece/piece_sink.h"

#include "text/unicode.h"

namespace kerf::text {

void PieceSink::append(std::int32_t id, std::string_view text) {
  auto& ids = out_.ids;
  if (id != table_.unknown_id()) {
    ids.push_back(id);
    return;
  }
  if (table_.bytes() && table_.bytes()->append(text, ids)) return;
  out_.unknown += static_cast<std::int64_t>(count_code_points(text));
  if (ids.size() == begin_ || ids.back() != id) ids.push_back(id);
}

}  // namespace kerf::text
