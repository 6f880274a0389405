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

std::unique_ptr<Model> make_model(const JsonCursor& json) {
  // Files written before the model named its type hold BPE if they hold merges.
  if (!json.has("type") && json.has("merges")) return bpe_model().make(json);
  return make_component("tokenizer model", models(), json);
}

}  // namespace kerf::text
