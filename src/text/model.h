#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "text/component.h"
#include "text/pieces.h"
#include "text/vocabulary.h"

namespace kerf::text {

/// What a model produces: ids in order, and how many characters the vocabulary did not have (they became the unknown
/// token or, where a model has none, nothing).
struct EncodedIds {
  std::vector<std::int64_t> ids;
  std::int64_t unknown = 0;
};

/// Turns the pieces of a text into ids of its vocabulary. Const and thread-safe.
class Model {
 public:
  virtual ~Model() = default;
  /// Appends to `out`. Error(kInput) if the text needs an unknown token that the vocabulary does not have.
  virtual void encode(const Pieces& pieces, EncodedIds& out) const = 0;
  virtual const Vocabulary& vocabulary() const = 0;
};

using ModelInfo = ComponentInfo<Model>;

const std::vector<const ModelInfo*>& models();
std::unique_ptr<Model> make_model(const JsonCursor& json);
/// The type of the model that a JSON object describes, as it says itself or, in old files that do not, by its keys;
/// empty if neither tells.
std::string model_type(const Json& model);

#define X(name) const ModelInfo& name##_model();
#include "text/models.def"
#undef X

}  // namespace kerf::text
