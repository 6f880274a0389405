// tokenizer.json: what is accepted tokenizes any text into ids of its vocabulary and back into some text.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.h"
#include "core/json.h"
#include "text/tokenizer.h"

namespace {

constexpr std::string_view kText =
    "The  quick br\u00f6wn fox\njumps 1234 times, don't it?\u00a0\u65e5\u672c <|endoftext|>\t\U0001F600";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    kerf::description::Tokenizer description;
    description.tokenizer_json =
        kerf::Json::parse(std::string_view(reinterpret_cast<const char*>(data), size), "tokenizer.json");
    description.source_file = "tokenizer.json";
    const auto tokenizer = kerf::text::Tokenizer::make(description);
    const auto ids = tokenizer->encode(kText, true);
    for (const std::int64_t id : ids) {
      if (id < 0 || id >= tokenizer->vocab_size()) std::abort();
    }
    tokenizer->decode(ids, false);
  } catch (const kerf::Error&) {
  }
  return 0;
}
