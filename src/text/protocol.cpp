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

const ProtocolInfo& choose_protocol(std::string_view name, description::Task task, const SpecialTokens& special) {
  std::vector<const ProtocolInfo*> fitting;
  std::vector<std::string> names;
  for (const auto* info : protocols()) {
    if (info->task != task) continue;
    fitting.push_back(info);
    names.emplace_back(info->name);
  }
  const auto lack = [&](const ProtocolInfo& info) { return info.lacks == nullptr ? "" : info.lacks(special); };
  if (!name.empty()) {
    const ProtocolInfo& named = find_protocol(name);
    if (named.task != task) {
      throw_usage(fmt::format("the protocol {} is for a {}; for this {} there {} {}", named.name, task_name(named.task),
                              task_name(task), names.size() == 1 ? "is" : "are",
                              names.empty() ? "none" : join(names, ", ")));
    }
    fitting = {&named};
  }
  for (const auto* info : fitting) {
    if (lack(*info).empty()) return *info;
  }
  if (fitting.empty()) throw_usage(fmt::format("there is no protocol for a {}", task_name(task)));
  throw_usage(fmt::format("the protocol {} needs {}", fitting.front()->name, lack(*fitting.front())));
}

Windows disjoint_windows(std::span<const std::int64_t> ids, const TokenStream& stream, std::int64_t context,
                         std::int64_t first_scored, std::optional<std::int64_t> replace_first, std::int64_t limit) {
  Windows result;
  result.context = context;
  result.tokens_total = static_cast<std::int64_t>(ids.size());
  result.windows_total = result.tokens_total / context;
  result.windows_cut = std::min(result.windows_total, limit);
  result.tokens_dropped = result.tokens_total % context;
  result.uses_bos = stream.bos.has_value();
  if (result.windows_total == 0) {
    throw_input(stream.source, "",
                fmt::format("the text is too short: have {} tokens, need {}; give more text or a smaller --context",
                            result.tokens_total, context));
  }
  for (std::int64_t i = 0; i < result.windows_cut; ++i) {
    const auto part = ids.subspan(static_cast<std::size_t>(i * context), static_cast<std::size_t>(context));
    Window& window = result.windows.emplace_back();
    window.ids.assign(part.begin(), part.end());
    if (replace_first) window.ids.front() = *replace_first;
    for (std::int64_t p = first_scored; p + 1 < context; ++p) {
      window.places.push_back({p, window.ids[static_cast<std::size_t>(p) + 1]});
    }
  }
  result.tokens_used = result.windows_cut * context;
  result.tokens_scored = result.windows_cut * std::max<std::int64_t>(context - 1 - first_scored, 0);
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
