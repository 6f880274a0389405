#include "text/chat_template.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"
#include "tests/text/helpers.h"

namespace kerf::text {
namespace {

using test::expect_error;

constexpr std::string_view kTokenizer =
    R"({"version": "1.0", "model": {"type": "BPE", "vocab": {"a": 0, "<s>": 1}, "merges": []}})";

std::string config_with(std::string_view chat_template) {
  return R"({"bos_token": "<s>", "eos_token": {"content": "</s>"}, "chat_template": )" + std::string(chat_template) +
         "}";
}

ChatTemplate chat(std::string_view chat_template) {
  return ChatTemplate::of(*test::tokenizer_of(kTokenizer, config_with(chat_template)));
}

std::string rendered(std::string_view chat_template, std::string_view line) {
  return chat(chat_template).render(test::json(line), "c.jsonl", "line 7");
}

constexpr std::string_view kTwo =
    R"({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]})";

TEST(ChatTemplate, KnowsTheSpecialTokensAndAsksForNoMore) {
  EXPECT_EQ(
      rendered(
          R"("{{ bos_token }}{% for m in messages %}{{ m.role }}={{ m.content }}{{ eos_token }}{% endfor %}{{ add_generation_prompt }}{{ tools }}")",
          kTwo),
      "<s>user=hi</s>assistant=yo</s>FalseNone");
}

TEST(ChatTemplate, IsChosenByItsName) {
  constexpr std::string_view kNamed =
      R"([{"name": "default", "template": "D"}, {"name": "tool_use", "template": "T{{ tools[0].n }}"}, {"name": "rag", "template": "{% nonsense"}])";
  EXPECT_EQ(rendered(kNamed, kTwo), "D");
  EXPECT_EQ(rendered(kNamed, R"({"messages": [{"role": "user", "content": "x"}], "tools": [{"n": 3}]})"), "T3");
  expect_error(ErrorCode::kInput, "c.jsonl: line 7: has no tools, and the model's only chat template is for tools",
               [] { rendered(R"([{"name": "tool_use", "template": "T"}])", kTwo); });
  expect_error(ErrorCode::kInput, "found no template called 'default'",
               [] { chat(R"([{"name": "rag", "template": "x"}])"); });
}

TEST(ChatTemplate, TakesWhatElseALineGives) {
  EXPECT_EQ(
      rendered(
          R"("{{ thinking | default(true) }}{{ documents[0] }}")",
          R"({"messages": [{"role": "user", "content": "x"}], "documents": ["d"], "chat_template_kwargs": {"thinking": false}})"),
      "Falsed");
}

TEST(ChatTemplate, RefusesMessagesThatAreNone) {
  const auto refused = [](std::string_view line, const std::string& message) {
    expect_error(ErrorCode::kInput, message, [&] { rendered(R"("x")", line); });
  };
  refused(R"({"text": "a"})", "c.jsonl: line 7: key messages is missing");
  refused(R"({"messages": []})", "c.jsonl: line 7: messages: found no messages");
  refused(R"({"messages": "hi"})", "line 7: messages: found a string, expected an array");
  refused(R"({"messages": [{"content": "hi"}]})", "line 7: messages[0]: key 'role' is missing");
  refused(R"({"messages": [["user", "hi"]]})", "line 7: messages[0]: found an array, expected an object");
  refused(R"({"messages": [{"role": 3}]})", "line 7: messages[0].role: found an integer, expected a string");
}

TEST(ChatTemplate, NamesWhoRefuses) {
  expect_error(ErrorCode::kInput, "c.jsonl: line 7: the chat template refuses the messages: 'only one'", [] {
    rendered(R"("{% if messages | length > 1 %}{{ raise_exception('only one') }}{% endif %}")", kTwo);
  });
  expect_error(
      ErrorCode::kInput,
      "dir/tokenizer_config.json: chat_template: line 2: 'x' is undefined (with the messages of c.jsonl, line 7)",
      [] { rendered(R"("\n{{ x.y }}")", kTwo); });
  expect_error(ErrorCode::kInput,
               "dir/tokenizer_config.json: chat_template: line 1: the block 'import' is not supported",
               [] { chat(R"("{% import 'x' %}")"); });
  expect_error(ErrorCode::kInput, "the model has no chat template; --chat-template FILE gives one",
               [] { ChatTemplate::of(*test::tokenizer_of(kTokenizer)); });
}

TEST(ChatTemplate, ComesFromAFileToo) {
  const test::TempDir dir;
  const std::string path = dir.write("t.jinja", "{{ bos_token }}{{ messages[0].content }}{{ strftime_now('%Y') }}");
  ChatTemplate template_ = ChatTemplate::from_file(path, *test::tokenizer_of(kTokenizer, config_with("null")));
  EXPECT_EQ(template_.render(test::json(kTwo), "c.jsonl", "line 1"), "<s>hi2024");
  ASSERT_EQ(template_.notes().size(), 1u);
  EXPECT_NE(template_.notes()[0].find("asks for the date, and gets 2024-07-26 always"), std::string::npos);
}

}  // namespace
}  // namespace kerf::text
