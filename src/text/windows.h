#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "text/special_tokens.h"
#include "text/text_file.h"
#include "text/tokenizer.h"

namespace kerf::text {

/// The ids of a text, before anybody cuts it.
struct TokenStream {
  std::vector<std::int64_t> ids;             ///< without BOS
  std::optional<std::int64_t> bos;           ///< set if the tokenizer adds it
  SpecialTokens special{};                   ///< for models that are not causal
  std::vector<std::size_t> line_ends{};      ///< of a text taken line by line: where in `ids` each of them ends
  std::vector<std::int64_t> line_classes{};  ///< of each line, where the text says it
  /// Of documents: their words, as lm-evaluation-harness counts them, and bytes of UTF-8.
  std::vector<std::int64_t> line_words{}, line_bytes{};
  std::optional<std::int64_t> prefix{};  ///< what a document is read behind: BOS, or else EOS
  std::string source;                    ///< where the text came from, for errors
  std::int64_t characters = 0;           ///< of the text; 0 where ids were given
  std::int64_t unknown = 0;              ///< characters that the vocabulary does not have
  std::int64_t words = 0;                ///< of the text: runs of what is no white space
  std::int64_t byte_tokens = 0;          ///< ids that stand for single bytes of what the vocabulary does not have
  std::int64_t conversations = 0;        ///< of chat, among its documents
};

/// Encodes a text without special tokens around it.
TokenStream encode_text(const Tokenizer& tokenizer, std::string_view utf8, std::string source);
/// Encodes each example by itself, without special tokens. Lines that have no tokens are left out.
TokenStream encode_lines(const Tokenizer& tokenizer, std::span<const Example> examples, std::string source);
/// Encodes each document by itself, without special tokens; those without text are left out.
TokenStream encode_documents(const Tokenizer& tokenizer, std::span<const Example> documents, std::string source);
/// Encodes conversations, each as its chat template says, one behind the other, and texts between them, those of one
/// file joined as read_text() does. A BOS in front that the template has written is the stream's, not another.
TokenStream encode_conversations(const Tokenizer& tokenizer, std::span<const Example> documents, std::string source);
/// Ids given as they are, one sequence after another; no BOS is added. Each sequence is a line.
TokenStream token_stream(std::span<const std::vector<std::int64_t>> sequences, std::string source);

/// A prediction that is scored: row `position` of the logits, whose right token (of a classifier, class) is `target`;
/// -1: nobody knows.
struct Place {
  std::int64_t position = 0, target = -1;
  bool operator==(const Place&) const = default;
};

/// What a model sees at once, and which of its predictions count.
struct Window {
  std::vector<std::int64_t> ids;            ///< of an encoder with a decoder, what the encoder reads
  std::vector<std::int64_t> decoder_ids{};  ///< what the decoder is to write; it reads them one place later
  std::vector<Place> places{};              ///< ascending
  std::int64_t cut = -1;  ///< number of the window of the text of which this is one of several runs; -1: the only one
};

/// The windows of a text and what reports say of them.
struct Windows {
  std::vector<Window> windows;
  std::int64_t context = 0;         ///< ids in each window, at most
  std::int64_t tokens_total = 0;    ///< ids of the whole text, with BOS if `uses_bos`
  std::int64_t tokens_used = 0;     ///< ids in the windows, special ones too
  std::int64_t tokens_scored = 0;   ///< predictions that are scored
  std::int64_t tokens_dropped = 0;  ///< ids of the tail that fills no window, or of lines beyond the context
  std::int64_t windows_total = 0;   ///< windows that the text has; more than `windows_cut` if they were limited
  std::int64_t windows_cut = 0;     ///< that were made; `windows` has each several times if other tokens are hidden
  std::int64_t special = 0;         ///< special tokens around the text of each window
  double masked_share = 0;          ///< of a window's text that is hidden from the model when it is run
  std::int64_t stride = 0;          ///< of overlapping windows; 0: they do not overlap
  std::int64_t documents = 0, words = 0, bytes = 0;  ///< scored as a whole; 0: none are
  bool uses_bos = false;
  std::vector<std::string> notes;  ///< what was noticed and is harmless, one sentence each
};

/// Evaluation windows by a protocol of text/protocol.h ("llama.cpp"). `limit`: only the first so many windows.
/// Error(kUsage) for an unknown protocol, a context below 2 or one in which nothing is scored, Error(kInput) if the
/// text does not fill one window. `stride`: of a protocol whose windows overlap, 0 for half the context; Error(kUsage)
/// where they do not.
Windows evaluation_windows(const TokenStream& stream, std::string_view protocol, std::int64_t context,
                           std::optional<std::int64_t> limit = std::nullopt, std::int64_t stride = 0);

/// Calibration windows of a model for `task`: cut as its default protocol does (of a bare encoder, or where the mask
/// token is not known, with nothing hidden), and `samples` of them in the order of the text, chosen by `seed`; all of
/// them, with a note, if there are no more than that. Nothing of them is scored.
Windows calibration_windows(const TokenStream& stream, description::Task task, std::int64_t context,
                            std::int64_t samples, std::uint64_t seed);

}  // namespace kerf::text
