// vocab.txt: the WordPiece of BERT (Devlin et al. 2019) and its relatives, a token a line, ids from 0.
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

constexpr std::array<std::string_view, 7> kClasses = {
    "BertTokenizer",     "DistilBertTokenizer", "MobileBertTokenizer", "ElectraTokenizer",
    "LayoutLMTokenizer", "MPNetTokenizer",      "SqueezeBertTokenizer"};

void check_class(const Folder& folder) {
  const std::string name = folder.tokenizer_class();
  if (name.empty()) return;
  std::vector<std::string> known;
  for (const std::string_view tokenizer : kClasses) {
    if (tokenizer == name) return;
    known.emplace_back(tokenizer);
  }
  throw_input(folder.path(), "",
              fmt::format("has a vocab.txt for {}, whose rules kerf knows from a tokenizer.json only; it knows {}",
                          quoted(name), join(known, ", ")));
}

Json read_vocab(const std::string& file) {
  const std::string text = read_vocabulary_file(file);
  if (const auto bad = find_invalid_utf8(text)) throw_input(file, fmt::format("byte {}", *bad), "is not valid UTF-8");
  Json vocab = Json::object();
  std::int64_t id = 0;
  // A token that stands twice has its last place, as in the original's dictionary.
  for (const std::string_view line : lines_of(text)) vocab.set(std::string(line), id++);
  if (id == 0) throw_input(file, "", "holds no token");
  return vocab;
}

Json normalizer(const JsonCursor& config) {
  const auto strip_accents = config.get("strip_accents");
  return description::typed("BertNormalizer",
                            {{"clean_text", true},
                             {"handle_chinese_chars", config.bool_or("tokenize_chinese_chars", true)},
                             {"strip_accents", strip_accents ? Json(strip_accents->as_bool()) : Json()},
                             {"lowercase", config.bool_or("do_lower_case", true)}});
}

}  // namespace

void read_word_piece(const Folder& folder, description::Tokenizer& tokenizer) {
  static const std::vector<DefaultToken> kDefaults = {{"unk_token", "[UNK]"},
                                                      {"sep_token", "[SEP]"},
                                                      {"pad_token", "[PAD]"},
                                                      {"cls_token", "[CLS]"},
                                                      {"mask_token", "[MASK]"}};
  check_class(folder);
  const JsonCursor config = folder.tokenizer_config();
  if (!config.bool_or("do_basic_tokenize", true)) {
    config.at("do_basic_tokenize").fail("found false, which kerf reads from a tokenizer.json only");
  }
  const std::string file = folder.file("vocab.txt");
  Json vocab = read_vocab(file);
  const auto id_of = [&](std::string_view token) -> std::optional<std::int64_t> {
    const Json* id = vocab.find(token);
    return id == nullptr ? std::nullopt : std::optional(id->as_int64());
  };
  const SpecialTokens special(folder, kDefaults, id_of, static_cast<std::int64_t>(vocab.as_object().size()));
  tokenizer.source_file = file;
  tokenizer.tokenizer_config = special.completed(config.json());
  tokenizer.tokenizer_json = description::tokenizer_json(
      {.added_tokens = special.added_tokens(),
       .normalizer = normalizer(config),
       .pre_tokenizer = description::typed("BertPreTokenizer"),
       .post_processor = description::template_processing(special.find("cls_token"), special.find("sep_token")),
       .decoder = description::typed("WordPiece", {{"prefix", "##"}, {"cleanup", true}}),
       .model = description::typed("WordPiece", {{"unk_token", special.name("unk_token")},
                                                 {"continuing_subword_prefix", "##"},
                                                 {"max_input_chars_per_word", 100},
                                                 {"vocab", std::move(vocab)}})});
}

}  // namespace kerf::formats::tokenizer_files
