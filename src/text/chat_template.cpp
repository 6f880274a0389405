#include "text/chat_template.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "text/jinja/template.h"

namespace kerf::text {
namespace {

constexpr std::string_view kDefault = "default", kWithTools = "tool_use";

/// The messages of a line, each an object with a role.
const Json& checked_messages(const Json& line, const std::string& file, const std::string& place) {
  const Json* found = line.find("messages");
  if (found == nullptr) throw_input(file, place, "key messages is missing");
  const JsonCursor list(*found, file, place + ": messages");
  if (list.as_array().empty()) list.fail("found no messages, expected at least one");
  for (std::size_t i = 0; i < list.as_array().size(); ++i) {
    const JsonCursor message = list.at(i);
    message.as_object();
    message.at("role").as_string();
  }
  return *found;
}

/// All that a template knows.
Json variables_of(const Json& line, const Json& messages, const Json& tokens, const std::string& file,
                  const std::string& place) {
  Json variables = tokens;
  variables.set("messages", messages);
  variables.set("add_generation_prompt", false);
  for (const std::string key : {"tools", "documents"}) {
    const Json* found = line.find(key);
    variables.set(key, found == nullptr ? Json() : *found);
  }
  if (const Json* more = line.find("chat_template_kwargs"); more != nullptr && !more->is_null()) {
    const JsonCursor object(*more, file, place + ": chat_template_kwargs");
    for (const auto& [key, value] : object.as_object()) variables.set(key, value);
  }
  return variables;
}

}  // namespace

void ChatTemplate::add(std::string name, std::string_view text, const std::string& file) {
  templates_.emplace_back(std::move(name), std::make_shared<const jinja::Template>(text, file));
}

ChatTemplate ChatTemplate::of(const Tokenizer& tokenizer) {
  const Tokenizer::ChatSource& source = tokenizer.chat_source();
  if (source.templates.is_null()) {
    throw_input(source.file, "", "the model has no chat template; --chat-template FILE gives one");
  }
  ChatTemplate result;
  result.tokens_ = source.tokens;
  const JsonCursor templates(source.templates, source.file);
  if (source.templates.is_string()) {
    result.add(std::string(kDefault), templates.as_string(), source.file);
    return result;
  }
  for (std::size_t i = 0; i < templates.as_array().size(); ++i) {
    const std::string name = templates.at(i).at("name").as_string();
    // Others are not used here: what they hold is no reason to refuse.
    if (name != kDefault && name != kWithTools) continue;
    result.add(name, templates.at(i).at("template").as_string(), source.file);
  }
  if (result.templates_.empty()) templates.fail("found no template called 'default' or 'tool_use'");
  return result;
}

ChatTemplate ChatTemplate::from_file(const std::string& path, const Tokenizer& tokenizer) {
  constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 20;
  ChatTemplate result;
  result.tokens_ = tokenizer.chat_source().tokens;
  result.add(std::string(kDefault), read_file(path, kMostBytes), path);
  return result;
}

const jinja::Template& ChatTemplate::choose(bool has_tools, const std::string& file, const std::string& place) const {
  const auto find = [&](std::string_view name) {
    return std::find_if(templates_.begin(), templates_.end(), [&](const auto& each) { return each.first == name; });
  };
  auto found = has_tools ? find(kWithTools) : templates_.end();
  if (found == templates_.end()) found = find(kDefault);
  if (found == templates_.end())
    throw_input(file, place, "has no tools, and the model's only chat template is for tools");
  return *found->second;
}

std::string ChatTemplate::render(const Json& line, const std::string& file, const std::string& place) {
  const Json& messages = checked_messages(line, file, place);
  const Json variables = variables_of(line, messages, tokens_, file, place);
  const jinja::Template& chosen = choose(!variables.find("tools")->is_null(), file, place);
  try {
    auto rendered = chosen.render(variables);
    if (rendered.used_date && notes_.empty()) {
      notes_.push_back(
          fmt::format("the chat template asks for the date, and gets {} always: figures would change from day to day",
                      jinja::Template::kDate));
    }
    return std::move(rendered.text);
  } catch (const jinja::Raised& refusal) {
    throw_input(file, place, fmt::format("the chat template refuses the messages: {}", quoted(refusal.message, 200)));
  } catch (const Error& error) {
    throw Error(error.code(), error.file(), error.place(),
                fmt::format("{} (with the messages of {}, {})", error.message(), file, place));
  }
}

}  // namespace kerf::text
