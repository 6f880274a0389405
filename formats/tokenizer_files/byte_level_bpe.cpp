// vocab.json and merges.txt: the byte-level BPE of GPT-2 (Radford et al. 2019) and its relatives.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/tokenizer_files/folder.h"
#include "formats/tokenizer_files/special_tokens.h"

namespace kerf::formats::tokenizer_files {
namespace {

constexpr std::int64_t kLargestId = std::int64_t{1} << 40;

enum class Kind { kGpt2, kRoberta, kQwen2 };

constexpr std::array<std::pair<std::string_view, Kind>, 7> kClasses = {{
    {"GPT2Tokenizer", Kind::kGpt2},
    {"CodeGenTokenizer", Kind::kGpt2},
    {"RobertaTokenizer", Kind::kRoberta},
    {"BartTokenizer", Kind::kRoberta},
    {"LongformerTokenizer", Kind::kRoberta},
    {"Qwen2Tokenizer", Kind::kQwen2},
    {"OPTTokenizer", Kind::kGpt2},
}};

/// How Qwen 2 cuts text, as transformers' converter spells it.
constexpr std::string_view kQwen2Split =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

const std::vector<DefaultToken>& defaults_of(Kind kind) {
  static const std::vector<DefaultToken> gpt2 = {
      {"bos_token", "<|endoftext|>"}, {"eos_token", "<|endoftext|>"}, {"unk_token", "<|endoftext|>"}};
  static const std::vector<DefaultToken> roberta = {
      {"bos_token", "<s>"}, {"eos_token", "</s>"},  {"unk_token", "<unk>"},        {"sep_token", "</s>"},
      {"cls_token", "<s>"}, {"pad_token", "<pad>"}, {"mask_token", "<mask>", true}};
  static const std::vector<DefaultToken> qwen2 = {{"eos_token", "<|endoftext|>"}, {"pad_token", "<|endoftext|>"}};
  return kind == Kind::kGpt2 ? gpt2 : kind == Kind::kRoberta ? roberta : qwen2;
}

Kind kind_of(const Folder& folder, const Json& vocab) {
  const std::string name = folder.tokenizer_class();
  std::vector<std::string> known;
  for (const auto& [tokenizer, kind] : kClasses) {
    if (tokenizer == name) return kind;
    known.emplace_back(tokenizer);
  }
  if (!name.empty()) {
    throw_input(
        folder.path(), "",
        fmt::format("has vocab.json and merges.txt for {}, whose rules kerf knows from a tokenizer.json only; it "
                    "knows {}",
                    quoted(name), join(known, ", ")));
  }
  // Tokens of its own tell a kind where no file names it.
  if (vocab.contains("<mask>") && vocab.contains("</s>")) return Kind::kRoberta;
  if (vocab.contains("<|endoftext|>")) return Kind::kGpt2;
  throw_input(folder.path(), "",
              "has vocab.json and merges.txt, but no tokenizer_config.json or config.json that says what tokenizer "
              "they are of");
}

Json read_vocab(const std::string& file) {
  Json vocab = Json::parse(read_vocabulary_file(file), file);
  if (!vocab.is_object() || vocab.as_object().size() == 0)
    throw_input(file, "", "expected an object of tokens and ids");
  return vocab;
}

Json read_merges(const std::string& file) {
  const std::string text = read_vocabulary_file(file);
  if (const auto bad = find_invalid_utf8(text)) {
    throw_input(file, fmt::format("byte {}", *bad), "is not valid UTF-8");
  }
  Json merges = Json::array();
  std::size_t number = 0;
  for (const std::string_view line : lines_of(text)) {
    ++number;
    if (line.empty() || (number == 1 && starts_with(line, "#version"))) continue;
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || space == 0 || space + 1 == line.size() ||
        line.find(' ', space + 1) != std::string_view::npos) {
      throw_input(file, fmt::format("line {}", number),
                  fmt::format("found {}, expected two tokens with one space between them", quoted(line)));
    }
    merges.push_back(Json::Array{Json(line.substr(0, space)), Json(line.substr(space + 1))});
  }
  return merges;
}

std::int64_t id_bound(const JsonCursor& vocab) {
  std::int64_t bound = 0;
  for (const auto& [token, id] : vocab.as_object())
    bound = std::max(bound, vocab.at(token).as_int64_in(0, kLargestId) + 1);
  return bound;
}

Json pre_tokenizer(Kind kind, const JsonCursor& config) {
  const bool prefix = config.bool_or("add_prefix_space", false);
  if (kind != Kind::kQwen2) return description::byte_level(prefix, true, true);
  Json pattern = Json::object();
  pattern.set("Regex", kQwen2Split);
  return description::typed(
      "Sequence",
      {{"pretokenizers",
        Json::Array{
            description::typed("Split", {{"pattern", std::move(pattern)}, {"behavior", "Isolated"}, {"invert", false}}),
            description::byte_level(prefix, true, false)}}});
}

Json post_processor(Kind kind, const JsonCursor& config, const SpecialTokens& special) {
  if (kind == Kind::kRoberta)
    return description::template_processing(special.find("cls_token"), special.find("sep_token"));
  if (config.bool_or("add_bos_token", false)) return description::template_processing(special.find("bos_token"), {});
  return description::byte_level(true, false, true);
}

}  // namespace

void read_byte_level_bpe(const Folder& folder, description::Tokenizer& tokenizer) {
  const std::string file = folder.file("vocab.json");
  Json vocab = read_vocab(file);
  const Kind kind = kind_of(folder, vocab);
  const auto id_of = [&](std::string_view token) -> std::optional<std::int64_t> {
    const Json* id = vocab.find(token);
    return id == nullptr || !id->is_integer() ? std::nullopt : std::optional(id->as_int64());
  };
  const SpecialTokens special(folder, defaults_of(kind), id_of, id_bound(JsonCursor(vocab, file)));
  tokenizer.source_file = file;
  tokenizer.tokenizer_config = special.completed(folder.tokenizer_config().json());
  tokenizer.tokenizer_json = description::tokenizer_json(
      {.added_tokens = special.added_tokens(),
       .normalizer = kind == Kind::kQwen2 ? description::typed("NFC") : Json(),
       .pre_tokenizer = pre_tokenizer(kind, folder.tokenizer_config()),
       .post_processor = post_processor(kind, folder.tokenizer_config(), special),
       .decoder = description::byte_level(true, true, true),
       .model = description::bpe_model(std::move(vocab), read_merges(folder.file("merges.txt")), false)});
}

}  // namespace kerf::formats::tokenizer_files
