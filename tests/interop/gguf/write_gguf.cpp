#include <cstdio>

#include <fmt/format.h>

#include "core/error.h"
#include "tests/support/gguf_model.h"

namespace {

/// A tokenizer of three tokens for models without one: llama.cpp's loaders want to tokenize something.
kerf::description::Tokenizer smallest_tokenizer() {
  kerf::description::Tokenizer tokenizer;
  tokenizer.source_file = "tokenizer.json";
  tokenizer.tokenizer_json = kerf::Json::parse(
      R"({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
          "model": {"type": "BPE", "vocab": {"Ċ": 3, "Ġ": 4, "a": 5}, "merges": []}})",
      "");
  return tokenizer;
}

}  // namespace

/// write_gguf MODEL SCHEME EMBEDDING_SCHEME OUT.gguf: a model as the interop tests want it, rounded to nearest.
int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: write_gguf MODEL SCHEME EMBEDDING_SCHEME OUT.gguf\n");
    return 2;
  }
  try {
    auto checkpoint = kerf::formats::open_checkpoint(argv[1]);
    if (checkpoint.tokenizer.tokenizer_json.is_null()) checkpoint.tokenizer = smallest_tokenizer();
    const auto model = kerf::test::plan_gguf(checkpoint, argv[2], argv[3]);
    kerf::test::write_gguf_model(checkpoint, model, argv[4]);
    for (const std::string& note : model.plan.notes) fmt::print(stderr, "{}\n", note);
    fmt::print("{}\n", model.plan.total_bytes());
  } catch (const kerf::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}
