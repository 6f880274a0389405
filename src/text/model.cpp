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

/// By the keys that only one of the models has; nullptr: none of them.
const ModelInfo* legacy_model(const Json& model) {
  if (model.contains("merges")) return &bpe_model();
  if (model.contains("max_input_chars_per_word")) return &word_piece_model();
  const Json* vocabulary = model.find("vocab");
  if (vocabulary != nullptr && vocabulary->is_array()) return &unigram_model();
  return model.contains("unk_token") ? &word_level_model() : nullptr;
}

}  // namespace

std::unique_ptr<Model> make_model(const JsonCursor& json) {
  const ModelInfo* legacy = json.has("type") ? nullptr : legacy_model(json.json());
  return legacy != nullptr ? legacy->make(json) : make_component("tokenizer model", models(), json);
}

std::string model_type(const Json& model) {
  if (const Json* type = model.find("type")) return type->is_string() ? type->as_string() : "";
  const ModelInfo* legacy = legacy_model(model);
  return legacy != nullptr ? std::string(legacy->type) : "";
}

}  // namespace kerf::text
