// write_gguf MODEL SCHEME EMBEDDING_SCHEME OUT.gguf [ROUNDED_TO]: a model as the comparisons want it, rounded to
// nearest. With ROUNDED_TO, float matrices have that scheme's values. Prints what is in the file, as one JSON object.

#include <cstdio>
#include <iostream>

#include "core/error.h"
#include "tests/support/gguf_model.h"

namespace {

using kerf::Json;
namespace gguf = kerf::formats::gguf;

/// A tokenizer of three tokens for models without one: llama.cpp's loaders want to tokenize something.
kerf::description::Tokenizer smallest_tokenizer() {
  kerf::description::Tokenizer tokenizer;
  tokenizer.source_file = "tokenizer.json";
  tokenizer.tokenizer_json = Json::parse(
      R"({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
          "model": {"type": "BPE", "vocab": {"Ċ": 3, "Ġ": 4, "a": 5}, "merges": []}})",
      "");
  return tokenizer;
}

Json to_json(const std::string& text) { return Json(text); }
Json to_json(bool value) { return Json(value); }
template <typename T>
requires std::is_arithmetic_v<T> Json to_json(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return Json(static_cast<double>(value));
  } else {
    return Json(static_cast<std::int64_t>(value));
  }
}
Json to_json(const gguf::Array& array) {
  Json list = Json::array();
  std::visit(
      [&](const auto& items) {
        for (const auto& item : items) list.push_back(to_json(item));
      },
      array.items);
  return list;
}

Json listing(const gguf::GgufPlan& plan) {
  Json metadata = Json::object(), tensors = Json::array();
  for (const auto& [key, value] : plan.metadata) {
    metadata.set(key, std::visit([](const auto& item) { return to_json(item); }, value));
  }
  for (const gguf::TensorInfo& info : plan.layout.tensors) {
    Json tensor = Json::object(), dims = Json::array();
    for (auto dim = info.shape.rbegin(); dim != info.shape.rend(); ++dim) dims.push_back(*dim);
    tensor.set("name", info.name);
    tensor.set("dims", std::move(dims));
    tensor.set("type", std::int64_t{info.type});
    tensor.set("offset", static_cast<std::int64_t>(info.offset));
    tensors.push_back(std::move(tensor));
  }
  Json all = Json::object();
  all.set("bytes", static_cast<std::int64_t>(plan.total_bytes()));
  all.set("metadata", std::move(metadata));
  all.set("tensors", std::move(tensors));
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::cerr << "usage: write_gguf MODEL SCHEME EMBEDDING_SCHEME OUT.gguf [ROUNDED_TO]\n";
    return 2;
  }
  try {
    auto checkpoint = kerf::formats::open_checkpoint(argv[1]);
    if (checkpoint.tokenizer.tokenizer_json.is_null()) checkpoint.tokenizer = smallest_tokenizer();
    const auto model = kerf::test::plan_gguf(checkpoint, argv[2], argv[3]);
    kerf::test::write_gguf_model(checkpoint, model, argv[4], argc == 6 ? argv[5] : "none");
    std::cout << listing(model.plan).dump() << '\n';
  } catch (const kerf::Error& error) {
    std::cerr << error.what() << '\n';
    return static_cast<int>(error.code());
  }
  return 0;
}
