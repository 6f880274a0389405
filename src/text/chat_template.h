#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "text/tokenizer.h"

namespace kerf::text {

namespace jinja {
class Template;
}

/// How a model's conversations become text, as transformers' apply_chat_template does it.
class ChatTemplate {
 public:
  /// Those of a tokenizer. Error(kInput) if it has none, or names the template and the line of what is malformed or not
  /// supported.
  static ChatTemplate of(const Tokenizer& tokenizer);
  /// A template from a file, with the special tokens of a tokenizer.
  static ChatTemplate from_file(const std::string& path, const Tokenizer& tokenizer);

  /// The text of a line's `messages`, without a prompt for more. `tools`, `documents` and the object
  /// `chat_template_kwargs` of the line are given to the template too; a template called tool_use is used where there
  /// are tools. `file` and `place` name the line. Error(kInput): messages that are none, or that the template refuses.
  std::string render(const Json& line, const std::string& file, const std::string& place);

  /// What was noticed, one sentence each.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  ChatTemplate() = default;
  void add(std::string name, std::string_view text, const std::string& file);
  const jinja::Template& choose(bool has_tools, const std::string& file, const std::string& place) const;

  std::vector<std::pair<std::string, std::shared_ptr<const jinja::Template>>> templates_;
  Json tokens_;
  std::vector<std::string> notes_;
};

}  // namespace kerf::text
