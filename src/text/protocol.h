#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "text/windows.h"

namespace kerf::text {

/// How a text is cut into windows and which predictions count. Perplexities under different protocols do not compare.
struct ProtocolInfo {
  std::string_view name;         ///< "llama.cpp"
  std::string_view summary;      ///< one line
  std::string_view source;       ///< whose convention it is
  std::int64_t default_context;  ///< ids in a window unless the user says otherwise (or the model takes fewer)
  /// Cuts a stream; `context` is at least 2. Windows beyond `limit` are counted but not made.
  Windows (*cut)(const TokenStream& stream, std::int64_t context, std::int64_t limit);
};

const std::vector<const ProtocolInfo*>& protocols();
/// Error(kUsage) names the ones there are.
const ProtocolInfo& find_protocol(std::string_view name);

/// Disjoint windows of `context` ids; `replace_first` takes the place of each one's first id if it has a value. What
/// fills no window is dropped; if that is everything, Error(kInput) says how many ids there are.
Windows disjoint_windows(std::span<const std::int64_t> ids, const TokenStream& stream, std::int64_t context,
                         std::int64_t first_scored, std::optional<std::int64_t> replace_first, std::int64_t limit);

/// The ids with BOS in front, if the stream has one.
std::vector<std::int64_t> with_bos(const TokenStream& stream);

#define X(name) const ProtocolInfo& name##_protocol();
#include "text/protocols.def"
#undef X

}  // namespace kerf::text
