#include "text/model.h"

namespace kerf::text {

const std::vector<const ModelInfo*>& models() {
  static const std::vector<const ModelInfo*> all = {
#define X(name) &name##_model(),
#include "text/models.def"
#undef X
  };
  return all;
}

namespace {

/// By the keys that only one of the models has.
const ModelInfo& legacy_model(const JsonCursor& json) {
  if (json.has("merges")) return bpe_model();
  if (json.has("max_input_chars_per_word")) return word_piece_model();
  const auto vocabulary = json.get("vocab");
  if (vocabulary && vocabulary->json().is_array()) return unigram_model();
  if (json.has("unk_token")) return word_level_model();
  json.at("type").fail("is missing");
}

}  // namespace

std::unique_ptr<Model> make_model(const JsonCursor& json) {
  // Files written before the model named its type.
  if (!json.has("type")) return legacy_model(json).make(json);
  return make_component("tokenizer model", models(), json);
}

}  // namespace kerf::text
