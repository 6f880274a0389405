// Chat templates: what is accepted renders a conversation, within its limits, or fails.

#include <cstdint>
#include <string_view>

#include "core/error.h"
#include "core/json.h"
#include "text/jinja/template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kerf;
  static const Json variables = Json::parse(
      R"({"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": " h\u00e9 "},
                       {"role": "assistant", "content": [{"type": "text", "text": "x"}], "tool_calls": [{"function": {"name": "f"}}]}],
          "tools": [{"a": [1, 2.5, null, true]}], "bos_token": "<s>", "add_generation_prompt": false})",
      "variables");
  // What a target may take (tests/fuzz/README.md) is less than a conversation may.
  const text::jinja::Limits limits{.steps = 20'000, .bytes = 1 << 24, .calls = 16};
  try {
    text::jinja::Template(std::string_view(reinterpret_cast<const char*>(data), size), "t.jinja")
        .render(variables, limits);
  } catch (const Error&) {
  } catch (const text::jinja::Raised&) {
  }
  return 0;
}
