#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace kerf::text {

/// The ids of a text, before anybody cuts it.
struct TokenStream {
  std::vector<std::int64_t> ids;    ///< without BOS
  std::optional<std::int64_t> bos;  ///< set if the tokenizer adds it
  std::string source;               ///< where the text came from, for errors
  std::int64_t characters = 0;      ///< of the text; 0 where ids were given
  std::int64_t unknown = 0;         ///< characters that the vocabulary does not have
};

/// Encodes a text without special tokens around it.
TokenStream encode_text(const Tokenizer& tokenizer, std::string_view utf8, std::string source);
/// Ids given as they are, one sequence after another; no BOS is added.
TokenStream token_stream(std::span<const std::vector<std::int64_t>> sequences, std::string source);

/// What a model sees at once.
struct Window {
  std::vector<std::int64_t> ids;
  /// Positions p of [first_scored, ids.size() - 1) are scored: the prediction at p of ids[p + 1].
  std::int64_t first_scored = 0;
};

/// The windows of a text and what reports say of them.
struct Windows {
  std::vector<Window> windows;
  std::int64_t context = 0;         ///< ids in each window
  std::int64_t tokens_total = 0;    ///< ids of the whole text, with BOS if `uses_bos`
  std::int64_t tokens_used = 0;     ///< ids in the windows
  std::int64_t tokens_scored = 0;   ///< predictions that are scored
  std::int64_t tokens_dropped = 0;  ///< ids of the tail that fills no window
  std::int64_t windows_total = 0;   ///< windows that the text has; more than there are here if they were limited
  bool uses_bos = false;
  std::vector<std::string> notes;  ///< what was noticed and is harmless, one sentence each
};

/// Evaluation windows by a protocol of text/protocol.h ("llama.cpp"). `limit`: only the first so many windows.
/// Error(kUsage) for an unknown protocol or a context below 2, Error(kInput) if the text does not fill one window.
Windows evaluation_windows(const TokenStream& stream, std::string_view protocol, std::int64_t context,
                           std::optional<std::int64_t> limit = std::nullopt);

/// Calibration windows: the text cut as the protocol llama.cpp does, and `samples` of the windows in the order of the
/// text, chosen by `seed`; all of them, with a note, if there are no more than that. Nothing of them is scored.
Windows calibration_windows(const TokenStream& stream, std::int64_t context, std::int64_t samples, std::uint64_t seed);

}  // namespace kerf::text
