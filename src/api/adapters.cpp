#include "api/adapters.h"

#include <map>
#include <memory>
#include <string>

#include "formats/lora/adapter.h"
#include "text/regex.h"

namespace kerf::api {
namespace {

/// Python's re.fullmatch, for the expressions that people write for names of modules; each is compiled once.
formats::lora::RegexMatcher make_matcher() {
  auto compiled = std::make_shared<std::map<std::string, text::Regex>>();
  return [compiled](const JsonCursor& where, const std::string& expression, const std::string& name) {
    auto found = compiled->find(expression);
    if (found == compiled->end()) {
      found = compiled->emplace(expression, text::Regex("\\A(?:" + expression + ")\\z", where)).first;
    }
    bool matches = false;
    found->second.find_all(name, [&](text::Span) { matches = true; });
    return matches;
  };
}

formats::lora::Base describe_base(const models::ModelGraph& built, const formats::Checkpoint& checkpoint) {
  formats::lora::Base base;
  base.head = built.model.head;
  base.matches = make_matcher();
  for (const graph::ValueId id : built.graph.weights()) {
    const graph::Weight& weight = built.graph.value(id).weight;
    if (weight.role == graph::Role::kEmbedding && built.model.hyperparameters.tied_head &&
        base.shared_embedding.empty()) {
      base.shared_embedding = weight.name;
    }
    const auto stored = checkpoint.tensors.find(weight.name);
    if (stored != checkpoint.tensors.end() && stored->second != weight.source) base.transposed.insert(weight.name);
  }
  return base;
}

}  // namespace

void merge_adapters(const std::vector<Adapter>& adapters, const models::ModelGraph& built,
                    formats::Checkpoint& checkpoint) {
  formats::lora::Base base = describe_base(built, checkpoint);
  for (const Adapter& adapter : adapters) {
    const bool cuts_tie = formats::lora::merge_adapter(adapter.folder, adapter.weight, base, checkpoint);
    if (cuts_tie) base.shared_embedding.clear();
  }
}

}  // namespace kerf::api
