#include "text/protocol.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::text {

const std::vector<const ProtocolInfo*>& protocols() {
  static const std::vector<const ProtocolInfo*> all = {
#define X(name) &name##_protocol(),
#include "text/protocols.def"
#undef X
  };
  return all;
}

const ProtocolInfo& find_protocol(std::string_view name) {
  std::vector<std::string> known;
  for (const auto* info : protocols()) {
    if (info->name == name) return *info;
    known.emplace_back(info->name);
  }
  throw_usage(unknown_name("protocol", name, known));
}

Windows disjoint_windows(std::span<const std::int64_t> ids, const TokenStream& stream, std::int64_t context,
                         std::int64_t first_scored, std::optional<std::int64_t> replace_first, std::int64_t limit) {
  Windows result;
  result.context = context;
  result.tokens_total = static_cast<std::int64_t>(ids.size());
  result.windows_total = result.tokens_total / context;
  result.tokens_dropped = result.tokens_total % context;
  result.uses_bos = stream.bos.has_value();
  if (result.windows_total == 0) {
    throw_input(stream.source, "",
                fmt::format("the text is too short: have {} tokens, need {}", result.tokens_total, context));
  }
  const std::int64_t count = std::min(result.windows_total, limit);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto part = ids.subspan(static_cast<std::size_t>(i * context), static_cast<std::size_t>(context));
    Window& window = result.windows.emplace_back();
    window.ids.assign(part.begin(), part.end());
    window.first_scored = first_scored;
    if (replace_first) window.ids.front() = *replace_first;
  }
  result.tokens_used = count * context;
  result.tokens_scored = count * std::max<std::int64_t>(context - 1 - first_scored, 0);
  return result;
}

std::vector<std::int64_t> with_bos(const TokenStream& stream) {
  std::vector<std::int64_t> ids;
  ids.reserve(stream.ids.size() + 1);
  if (stream.bos) ids.push_back(*stream.bos);
  ids.insert(ids.end(), stream.ids.begin(), stream.ids.end());
  return ids;
}

}  // namespace kerf::text
