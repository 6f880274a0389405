#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kerf/kerf.h"

#include "api/open_model.h"
#include "text/chat_template.h"
#include "text/special_tokens.h"
#include "text/text_file.h"
#include "text/windows.h"

namespace kerf::api {

/// How text is taken: as one, each line as an example of its own, without or with its class, or as documents: the lines
/// of a .jsonl file, any other file as a whole.
enum class Lines { kJoined, kApart, kLabelled, kDocuments };

/// Where a model's tokens come from: text with a tokenizer, or ids as they are.
class TokenSource {
 public:
  /// `flag`: what the command line calls the files ("--text"). Error(kUsage) if there is no text, Error(kInput) if the
  /// tokenizer has more tokens than the model. Ids need no tokenizer; a model that is not causal learns its special
  /// tokens from one all the same, if there is one, or else from its configuration.
  TokenSource(const OpenModel& model, const TextInput& input, std::string_view flag);

  const text::SpecialTokens& special() const { return special_; }
  /// Null where ids are given to a causal model.
  const std::shared_ptr<const text::Tokenizer>& tokenizer() const { return tokenizer_; }
  /// Error(kInput) naming the line of a label that is no class of the model.
  text::TokenStream read(Lines lines);
  /// Blank lines that read() left out.
  std::int64_t blank_lines() const { return blank_lines_; }
  /// What was noticed while reading.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  text::TokenStream read_ids() const;
  text::TokenStream read_lines(bool labelled);
  text::TokenStream read_text();
  text::TokenStream read_documents();
  text::TokenStream read_conversations();
  /// Of messages; empty unless they are asked for.
  text::ConversationReader conversation_reader();
  void note_what_was_read(const text::TokenStream& stream);
  std::vector<std::int64_t> classes_of(const std::vector<text::Example>& examples) const;

  const OpenModel& model_;
  const TextInput& input_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::optional<text::ChatTemplate> chat_;
  text::SpecialTokens special_;
  std::int64_t blank_lines_ = 0;
  std::vector<std::string> notes_;
};

}  // namespace kerf::api
