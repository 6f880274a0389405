// tokenizer.model: SentencePiece (Kudo & Richardson 2018, arXiv:1808.06226). The model cuts the text; what classes of
// transformers add around it is said here, as their tokenization_*.py have it.
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/impostor.h"
#include "formats/tokenizer_files/folder.h"
#include "formats/tokenizer_files/sentence_piece_model.h"
#include "formats/tokenizer_files/special_tokens.h"

namespace kerf::formats::tokenizer_files {
namespace {

using description::SentencePieceModel;

constexpr std::string_view kSpace = "\u2581";

/// One class of tokenizers over a SentencePiece model.
struct Class {
  std::string_view name;
  std::vector<DefaultToken> tokens;
  std::string_view before = "", after = "";  ///< keys of the tokens around a text; empty: none
  bool asks_config = false;                  ///< add_bos_token and add_eos_token say whether they are there
  bool has_legacy = false;  ///< `legacy` false: a space before the text only, not before each part of it
  /// fairseq's ids: some tokens of its own first, then those of the model, moved.
  std::int64_t id_offset = 0;
  std::vector<std::pair<std::string_view, std::int64_t>> fixed_ids{};
};

const std::vector<Class>& classes() {
  static const std::vector<DefaultToken> marks = {
      {"bos_token", "<s>"},   {"eos_token", "</s>"},  {"sep_token", "</s>"},         {"cls_token", "<s>"},
      {"unk_token", "<unk>"}, {"pad_token", "<pad>"}, {"mask_token", "<mask>", true}};
  static const std::vector<Class> all = {
      {.name = "LlamaTokenizer",
       .tokens = {{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}},
       .before = "bos_token",
       .after = "eos_token",
       .asks_config = true,
       .has_legacy = true},
      {.name = "GemmaTokenizer",
       .tokens = {{"bos_token", "<bos>"}, {"eos_token", "<eos>"}, {"unk_token", "<unk>"}, {"pad_token", "<pad>"}},
       .before = "bos_token",
       .after = "eos_token",
       .asks_config = true},
      {.name = "T5Tokenizer",
       .tokens = {{"eos_token", "</s>"}, {"unk_token", "<unk>"}, {"pad_token", "<pad>"}},
       .after = "eos_token",
       .has_legacy = true},
      {.name = "AlbertTokenizer",
       .tokens = {{"bos_token", "[CLS]"},
                  {"eos_token", "[SEP]"},
                  {"unk_token", "<unk>"},
                  {"sep_token", "[SEP]"},
                  {"pad_token", "<pad>"},
                  {"cls_token", "[CLS]"},
                  {"mask_token", "[MASK]", true}},
       .before = "cls_token",
       .after = "sep_token"},
      {.name = "XLMRobertaTokenizer",
       .tokens = marks,
       .before = "cls_token",
       .after = "sep_token",
       .id_offset = 1,
       .fixed_ids = {{"<s>", 0}, {"<pad>", 1}, {"</s>", 2}, {"<unk>", 3}}},
      {.name = "CamembertTokenizer",
       .tokens = marks,
       .before = "cls_token",
       .after = "sep_token",
       .id_offset = 4,
       .fixed_ids = {{"<s>NOTUSED", 0}, {"<pad>", 1}, {"</s>NOTUSED", 2}, {"<unk>", 3}, {"<unk>NOTUSED", 4}}},
  };
  return all;
}

const Class& class_of(const Folder& folder, const SentencePieceModel& model, const std::string& file,
                      std::vector<std::string>& notes) {
  const std::string name = folder.tokenizer_class();
  std::vector<std::string> known;
  for (const Class& candidate : classes()) {
    if (candidate.name == name) return candidate;
    known.emplace_back(candidate.name);
  }
  if (!name.empty() || model.kind != SentencePieceModel::Kind::kBpe) {
    throw_input(
        folder.path(), "",
        fmt::format("has a SentencePiece model for {}; kerf knows {}",
                    name.empty() ? "a tokenizer that no tokenizer_config.json or config.json names" : quoted(name),
                    join(known, ", ")));
  }
  notes.push_back(fmt::format("{}: no file says what tokenizer it is of; taken for Llama's", file));
  return classes().front();
}

/// Ids as the class has them, by piece.
class Ids {
 public:
  Ids(const SentencePieceModel& model, const Class& kind) {
    for (std::size_t id = 0; id < model.pieces.size(); ++id) {
      by_piece_.emplace(model.pieces[id].text, static_cast<std::int64_t>(id) + kind.id_offset);
    }
    for (const auto& [piece, id] : kind.fixed_ids) by_piece_.insert_or_assign(std::string(piece), id);
    for (const auto& [piece, id] : by_piece_) bound_ = std::max(bound_, id + 1);
  }

  std::optional<std::int64_t> find(std::string_view piece) const {
    const auto found = by_piece_.find(std::string(piece));
    return found == by_piece_.end() ? std::nullopt : std::optional(found->second);
  }
  std::int64_t bound() const { return bound_; }

 private:
  std::unordered_map<std::string, std::int64_t> by_piece_;
  std::int64_t bound_ = 0;
};

/// T5's sentinels by name, counted back from the last id: <extra_id_0> has the highest.
std::unordered_map<std::string, std::int64_t> sentinels(const Folder& folder, const Class& kind) {
  std::unordered_map<std::string, std::int64_t> tokens;
  if (kind.name != "T5Tokenizer") return tokens;
  constexpr std::int64_t kMostSentinels = 100'000;
  const auto count = folder.tokenizer_config().get("extra_ids");
  const std::int64_t n = count ? count->as_int64_in(0, kMostSentinels) : 100;
  for (std::int64_t i = 0; i < n; ++i) tokens.emplace(fmt::format("<extra_id_{}>", i), i);
  return tokens;
}

/// ALBERT's preprocess_text.
Json normalizer(const Folder& folder, const Class& kind) {
  if (kind.name != "AlbertTokenizer") return {};
  const JsonCursor config = folder.tokenizer_config();
  const auto replace = [](std::string key, std::string_view what, std::string_view by) {
    Json pattern = Json::object();
    pattern.set(std::move(key), what);
    return description::typed("Replace", {{"pattern", std::move(pattern)}, {"content", by}});
  };
  Json::Array steps;
  if (config.bool_or("remove_space", true)) {
    // What Python's str.split() takes for white space.
    steps.push_back(replace("Regex", R"([\s\x1c-\x1f]+)", " "));
    steps.push_back(description::typed("Strip", {{"strip_left", true}, {"strip_right", true}}));
  }
  steps.push_back(replace("String", "``", "\""));
  steps.push_back(replace("String", "''", "\""));
  if (!config.bool_or("keep_accents", false)) {
    steps.push_back(description::typed("NFKD"));
    steps.push_back(description::typed("StripAccents"));
  }
  if (config.bool_or("do_lower_case", true)) steps.push_back(description::typed("Lowercase"));
  return description::typed("Sequence", {{"normalizers", std::move(steps)}});
}

std::optional<description::FramingToken> framing(const Folder& folder, const Class& kind, const SpecialTokens& special,
                                                 std::string_view key, std::string_view flag, bool by_default) {
  if (key.empty()) return std::nullopt;
  if (kind.asks_config && !folder.tokenizer_config().bool_or(flag, by_default)) return std::nullopt;
  auto token = special.find(key);
  if (!token) {
    throw_input(folder.path(), "",
                fmt::format("names no {} that the vocabulary has, which a {} needs", key, kind.name));
  }
  return token;
}

/// The model, for text::Tokenizer: where its ids are, and what stands around it.
Json model_json(const SentencePieceModel& model, const Class& kind, const Ids& ids, bool is_legacy, bool adds_prefix,
                const std::string& unknown) {
  Json vocab = Json::object();
  for (const auto& [piece, id] : kind.fixed_ids) vocab.set(std::string(piece), id);
  for (const SentencePieceModel::Piece& piece : model.pieces) {
    if (!vocab.contains(piece.text)) vocab.set(piece.text, *ids.find(piece.text));
  }
  return description::typed("SentencePiece", {{"vocab", std::move(vocab)},
                                              {"id_offset", kind.id_offset},
                                              {"keeps_spaces_after", is_legacy ? Json() : Json(unknown)},
                                              {"prefix", !is_legacy && adds_prefix ? Json(kSpace) : Json()},
                                              {"splits_comma_after_digit", kind.name == "AlbertTokenizer"}});
}

std::string read_model_file(const std::string& path) {
  std::string bytes = read_vocabulary_file(path);
  if (bytes.empty()) throw_input(path, "", "is empty, expected a SentencePiece model (an unfinished download?)");
  if (const auto impostor = describe_binary_impostor(std::string_view(bytes).substr(0, kImpostorBytes))) {
    throw_input(path, "", fmt::format("is {}", *impostor));
  }
  return bytes;
}

}  // namespace

void read_sentence_piece(const Folder& folder, const std::string& model_file, description::Tokenizer& tokenizer) {
  SentencePieceModel model = parse_sentence_piece_model(read_model_file(model_file), model_file);
  const Class& kind = class_of(folder, model, model_file, tokenizer.notes);
  const Ids ids(model, kind);
  const JsonCursor config = folder.tokenizer_config();

  std::vector<DefaultToken> defaults = kind.tokens;
  const auto extra = sentinels(folder, kind);
  const std::int64_t bound = ids.bound() + static_cast<std::int64_t>(extra.size());
  for (const auto& [token, number] : extra) defaults.push_back({"additional_special_tokens", token, true, true});
  const auto id_of = [&](std::string_view token) -> std::optional<std::int64_t> {
    const auto sentinel = extra.find(std::string(token));
    if (sentinel != extra.end()) return bound - 1 - sentinel->second;
    if (kind.id_offset > 0 && token == "<mask>") return ids.bound();
    return ids.find(token);
  };
  const SpecialTokens special(folder, defaults, id_of, bound);

  const bool is_legacy = !kind.has_legacy || config.bool_or("legacy", true);
  const bool adds_prefix = config.bool_or("add_prefix_space", true);
  tokenizer.source_file = model_file;
  tokenizer.tokenizer_config = special.completed(config.json());
  tokenizer.tokenizer_json = description::tokenizer_json(
      {.added_tokens = special.added_tokens(),
       .normalizer = normalizer(folder, kind),
       .pre_tokenizer = {},
       .post_processor =
           description::template_processing(framing(folder, kind, special, kind.before, "add_bos_token", true),
                                            framing(folder, kind, special, kind.after, "add_eos_token", false)),
       .decoder = description::sentence_piece_decoder(is_legacy ? model.add_dummy_prefix : adds_prefix),
       .model = model_json(model, kind, ids, is_legacy, adds_prefix, special.name("unk_token"))});
  if (!is_legacy) model.add_dummy_prefix = false;
  tokenizer.sentence_piece = std::make_shared<const SentencePieceModel>(std::move(model));
}

}  // namespace kerf::formats::tokenizer_files
