#include "models/model_graph.h"

#include "core/error.h"
#include "core/strings.h"
#include "models/families.h"

namespace kerf::models {

const std::vector<const Family*>& families() {
  static const std::vector<const Family*> list = {
#define X(name) &name##_family(),
#include "models/families.def"
#undef X
  };
  return list;
}

ModelGraph build_model(const JsonCursor& config, const graph::SourceMap& tensors, std::string_view family) {
  const std::string wanted = family.empty() ? config.at("model_type").as_string() : std::string(family);
  std::vector<std::string> known;
  for (const Family* candidate : families()) {
    if (candidate->name == wanted) return candidate->build(config, tensors);
    known.emplace_back(candidate->name);
  }
  if (family.empty()) config.at("model_type").fail(unknown_name("model type", wanted, known));
  throw_usage(unknown_name("family", wanted, known));
}

}  // namespace kerf::models
