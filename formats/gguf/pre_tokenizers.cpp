#include "formats/gguf/pre_tokenizers.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace kerf::formats::gguf {
namespace {

/// The steps of a pre_tokenizer that decide how text is split, one a line; nullopt if a step is not understood.
std::optional<std::string> signature(const Json& step) {
  const Json* type = step.find("type");
  if (type == nullptr || !type->is_string()) return std::nullopt;
  const auto flag = [&](std::string_view key, bool fallback) {
    const Json* value = step.find(key);
    return value != nullptr && value->is_bool() ? value->as_bool() : fallback;
  };
  const std::string& kind = type->as_string();
  if (kind == "ByteLevel") {
    if (flag("add_prefix_space", true)) return std::nullopt;
    return flag("use_regex", true) ? "ByteLevel with GPT-2's regex\n" : "ByteLevel\n";
  }
  if (kind == "Digits") return flag("individual_digits", false) ? "Digits one by one\n" : "Digits\n";
  if (kind == "Split") {
    const Json* pattern = step.find("pattern");
    const Json* regex = pattern == nullptr ? nullptr : pattern->find("Regex");
    const Json* behavior = step.find("behavior");
    if (regex == nullptr || !regex->is_string() || behavior == nullptr || !behavior->is_string()) return std::nullopt;
    return fmt::format("Split {} {} {}\n", behavior->as_string(), flag("invert", false), regex->dump());
  }
  const Json* steps = step.find("pretokenizers");
  if (kind != "Sequence" || steps == nullptr || !steps->is_array()) return std::nullopt;
  std::string all;
  for (const Json& part : steps->as_array()) {
    const auto one = signature(part);
    if (!one) return std::nullopt;
    all += *one;
  }
  return all;
}

}  // namespace

/// Sources: llama.cpp's src/llama-vocab.cpp (names, expressions, ignore_merges, add_bos) and the tokenizer.json of a
/// model that its convert script gives the name to.
const std::vector<PreTokenizer>& pre_tokenizers() {
  static const std::vector<PreTokenizer> all = {
      {"gpt-2",
       R"({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true})",
       false,
       false,
       {"phi-2", "jina-es", "jina-de", "gigachat", "a.x-4.0", "mellum", "modern-bert", "olmo", "mpt", "jais",
        "trillion", "exaone4"}},
      {"llama-bpe",
       R"({"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex":
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
          }, "behavior": "Isolated", "invert": false},
          {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]})",
       true,
       true,
       {"llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"}},
      {"smaug-bpe",
       R"({"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex":
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
          }, "behavior": "Isolated", "invert": false},
          {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]})",
       false,
       false,
       {"dbrx"}},
      {"qwen2",
       R"({"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex":
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
          }, "behavior": "Isolated", "invert": false},
          {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]})",
       false,
       false,
       {"deepseek-r1-qwen", "kormo", "f2llmv2", "stablelm2", "hunyuan", "megrez", "solar-open", "grok-2"}},
      {"smollm",
       R"({"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true},
          {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}]})",
       false,
       false,
       {"starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"}},
  };
  return all;
}

const PreTokenizer* find_pre_tokenizer(const Json& pre_tokenizer, bool ignore_merges) {
  const auto wanted = signature(pre_tokenizer);
  if (!wanted) return nullptr;
  for (const PreTokenizer& known : pre_tokenizers()) {
    if (known.ignore_merges == ignore_merges && signature(Json::parse(known.json, known.name)) == wanted) return &known;
  }
  return nullptr;
}

const PreTokenizer* find_pre_tokenizer(std::string_view name) {
  for (const PreTokenizer& known : pre_tokenizers()) {
    if (known.name == name || std::find(known.aliases.begin(), known.aliases.end(), name) != known.aliases.end()) {
      return &known;
    }
  }
  return nullptr;
}

}  // namespace kerf::formats::gguf
