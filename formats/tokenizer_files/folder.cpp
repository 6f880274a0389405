#include "formats/tokenizer_files/folder.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "formats/impostor.h"

namespace kerf::formats::tokenizer_files {
namespace {

constexpr std::uint64_t kMaxSmallBytes = std::uint64_t{16} << 20;
constexpr std::uint64_t kMaxVocabularyBytes = std::uint64_t{128} << 20;

/// The tokenizer that transformers takes for a family.
constexpr std::array<std::pair<std::string_view, std::string_view>, 32> kClassOfModel = {{
    {"albert", "AlbertTokenizer"},
    {"bart", "BartTokenizer"},
    {"bert", "BertTokenizer"},
    {"camembert", "CamembertTokenizer"},
    {"distilbert", "DistilBertTokenizer"},
    {"gemma", "GemmaTokenizer"},
    {"gemma2", "GemmaTokenizer"},
    {"gemma3", "GemmaTokenizer"},
    {"gemma3_text", "GemmaTokenizer"},
    {"gpt2", "GPT2Tokenizer"},
    {"gpt_neo", "GPT2Tokenizer"},
    {"llama", "LlamaTokenizer"},
    {"mistral", "LlamaTokenizer"},
    {"mixtral", "LlamaTokenizer"},
    {"mobilebert", "MobileBertTokenizer"},
    {"opt", "GPT2Tokenizer"},
    {"phi", "CodeGenTokenizer"},
    {"phi3", "LlamaTokenizer"},
    {"qwen2", "Qwen2Tokenizer"},
    {"qwen2_moe", "Qwen2Tokenizer"},
    {"qwen3", "Qwen2Tokenizer"},
    {"qwen3_moe", "Qwen2Tokenizer"},
    {"roberta", "RobertaTokenizer"},
    {"smollm3", "GPT2Tokenizer"},
    {"granite", "GPT2Tokenizer"},
    {"starcoder2", "GPT2Tokenizer"},
    {"t5", "T5Tokenizer"},
    {"mt5", "T5Tokenizer"},
    {"electra", "ElectraTokenizer"},
    {"codegen", "CodeGenTokenizer"},
    {"xlm-roberta", "XLMRobertaTokenizer"},
    {"xlm-roberta-xl", "XLMRobertaTokenizer"},
}};

Json optional_json(const std::string& path) {
  return path_exists(path) ? read_json_object(path, kMaxSmallBytes) : Json();
}

}  // namespace

Folder::Folder(std::string path)
    : path_(std::move(path)),
      tokenizer_config_(optional_json(file("tokenizer_config.json"))),
      special_tokens_map_(optional_json(file("special_tokens_map.json"))),
      added_tokens_(optional_json(file("added_tokens.json"))),
      config_(optional_json(file("config.json"))) {}

std::string Folder::file(std::string_view name) const { return join_path(path_, name); }

bool Folder::has(std::string_view name) const { return path_exists(file(name)); }

std::string Folder::tokenizer_class() const {
  std::string name = tokenizer_config().string_or("tokenizer_class", "");
  if (ends_with(name, "Fast")) name.resize(name.size() - 4);
  if (!name.empty() && name != "PreTrainedTokenizer") return name;
  const Json* type = config_.find("model_type");
  if (type == nullptr || !type->is_string()) return "";
  for (const auto& [model, tokenizer] : kClassOfModel) {
    if (model == type->as_string()) return std::string(tokenizer);
  }
  return "";
}

std::string read_vocabulary_file(const std::string& path) {
  std::string contents = read_file(path, kMaxVocabularyBytes);
  if (const auto impostor = describe_impostor(std::string_view(contents).substr(0, kImpostorBytes))) {
    throw_input(path, "", fmt::format("is {}", *impostor));
  }
  return contents;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (ends_with(line, "\r")) line.remove_suffix(1);
    lines.push_back(line);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

namespace {

void read(const Folder& folder, description::Tokenizer& tokenizer) {
  if (folder.has("vocab.json") && folder.has("merges.txt")) return read_byte_level_bpe(folder, tokenizer);
  if (folder.has("vocab.txt")) return read_word_piece(folder, tokenizer);
  for (const std::string_view model : {"tokenizer.model", "spiece.model", "sentencepiece.bpe.model"}) {
    if (folder.has(model)) return read_sentence_piece(folder, folder.file(model), tokenizer);
  }
}

}  // namespace

void read_older_tokenizer(const std::string& path, description::Tokenizer& tokenizer) {
  try {
    read(Folder(path), tokenizer);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInput) throw;
    tokenizer.tokenizer_json = {};
    tokenizer.refusal = error;
  }
}

}  // namespace kerf::formats::tokenizer_files
