#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "description/description.h"
#include "text/windows.h"

namespace kerf::text {

/// How a text is cut into windows and which predictions count. Perplexities under different protocols do not compare.
struct ProtocolInfo {
  std::string_view name;     ///< "llama.cpp"
  std::string_view summary;  ///< one line
  std::string_view source;   ///< whose convention it is
  description::Task task;    ///< of the models that it is for
  /// What exp of the mean negative log likelihood is called; empty where there is none: classes are compared.
  std::string_view figure;
  std::int64_t default_context;  ///< ids in a window unless the user says otherwise (or the model takes fewer)
  bool by_line = false;          ///< every line of the text is an example of its own
  bool by_document = false;      ///< every document is scored as a whole; `limit` counts them
  /// What keeps it from being used with these tokens, to stand behind "needs"; empty: nothing does. May be null.
  std::string_view (*lacks)(const SpecialTokens& special) = nullptr;
  /// Cuts a stream; `context` is at least 2. Windows beyond `limit` are counted but not made.
  Windows (*cut)(const TokenStream& stream, std::int64_t context, std::int64_t limit) = nullptr;
  /// In place of `cut`: windows that begin `stride` ids apart, at most `context`.
  Windows (*cut_overlapping)(const TokenStream& stream, std::int64_t context, std::int64_t stride,
                             std::int64_t limit) = nullptr;
};

const std::vector<const ProtocolInfo*>& protocols();
/// Error(kUsage) names the ones there are.
const ProtocolInfo& find_protocol(std::string_view name);
/// The protocol of that name; if it is empty, the first for the task that lacks nothing. Error(kUsage) if it is for
/// other models, naming those that fit, or if it lacks something.
const ProtocolInfo& choose_protocol(std::string_view name, description::Task task, const SpecialTokens& special);

/// Disjoint windows of `context` ids; `replace_first` takes the place of each one's first id if it has a value. The
/// prediction at each position from `first_scored` on, of the id behind it, is scored. What fills no window is dropped;
/// if that is everything, Error(kInput) says how many ids there are.
Windows disjoint_windows(std::span<const std::int64_t> ids, const TokenStream& stream, std::int64_t context,
                         std::int64_t first_scored, std::optional<std::int64_t> replace_first, std::int64_t limit);

/// The ids with BOS in front, if the stream has one.
std::vector<std::int64_t> with_bos(const TokenStream& stream);

#define X(name) const ProtocolInfo& name##_protocol();
#include "text/protocols.def"
#undef X

}  // namespace kerf::text
