#include "formats/onnx/passes.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace kerf::formats::onnx {

std::vector<int> count_readers(const Draft& draft) {
  std::vector<int> readers(draft.values.size(), 0);
  for (const DraftNode& node : draft.nodes) {
    for (const ValueIndex input : node.inputs) {
      if (input != kAbsent) ++readers[static_cast<std::size_t>(input)];
    }
  }
  ++readers[static_cast<std::size_t>(draft.output)];
  return readers;
}

void remove_nodes(Draft& draft, const std::vector<bool>& gone) {
  std::vector<DraftNode> kept;
  for (DraftValue& value : draft.values) value.producer = -1;
  for (std::size_t n = 0; n < draft.nodes.size(); ++n) {
    if (gone[n]) continue;
    for (const ValueIndex output : draft.nodes[n].outputs) {
      if (output != kAbsent) draft.value(output).producer = static_cast<int>(kept.size());
    }
    kept.push_back(std::move(draft.nodes[n]));
  }
  draft.nodes = std::move(kept);
}

void hasten_sums(Draft& draft) {
  // The node behind whose place each is put: its own, or that of the last one it reads.
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (std::size_t n = 0; n < draft.nodes.size(); ++n) {
    const DraftNode& node = draft.nodes[n];
    std::size_t place = n;
    if (node.domain.empty() && (node.op == "Add" || node.op == "Mul")) {
      std::optional<std::size_t> last;
      for (const ValueIndex input : node.inputs) {
        const int from = input == kAbsent ? -1 : draft.value(input).producer;
        if (from >= 0) last = std::max(last.value_or(0), places[static_cast<std::size_t>(from)].first);
      }
      place = last.value_or(n);
    }
    places.emplace_back(place, n);
  }
  std::sort(places.begin(), places.end());
  std::vector<DraftNode> ordered;
  for (const auto& [place, n] : places) {
    for (const ValueIndex output : draft.nodes[n].outputs) {
      if (output != kAbsent) draft.value(output).producer = static_cast<int>(ordered.size());
    }
    ordered.push_back(std::move(draft.nodes[n]));
  }
  draft.nodes = std::move(ordered);
}

void drop_unread(Draft& draft) {
  std::vector<bool> read(draft.values.size(), false), gone(draft.nodes.size(), false);
  read[static_cast<std::size_t>(draft.output)] = true;
  for (std::size_t n = draft.nodes.size(); n-- > 0;) {
    const DraftNode& node = draft.nodes[n];
    gone[n] = std::none_of(node.outputs.begin(), node.outputs.end(),
                           [&](ValueIndex v) { return v != kAbsent && read[static_cast<std::size_t>(v)]; });
    if (gone[n]) continue;
    for (const ValueIndex input : node.inputs) {
      if (input != kAbsent) read[static_cast<std::size_t>(input)] = true;
    }
  }
  remove_nodes(draft, gone);
}

namespace {

/// A vector of `extent` elements, whatever axes of extent 1 it has before them.
bool is_vector(const Constant* constant, std::int64_t extent) {
  return constant != nullptr && constant->dtype() == DType::kF32 && constant->size() == extent &&
         !constant->shape().empty() && constant->shape().back() == extent;
}

/// The bias that an Add puts on a Linear; kAbsent if it is something else.
ValueIndex bias_of(const Draft& draft, const DraftNode& add, std::size_t product, const std::vector<int>& readers) {
  const DraftNode* linear = draft.producer(add.inputs[product]);
  if (linear == nullptr || linear->op != "Linear" || linear->inputs.size() != 2) return kAbsent;
  if (readers[static_cast<std::size_t>(add.inputs[product])] != 1) return kAbsent;
  const Constant* weight = draft.constant(linear->inputs[1]);
  const Constant* bias = draft.constant(add.inputs[1 - product]);
  if (weight == nullptr || !is_vector(bias, weight->shape().front()) || bias->shape().size() > 1 + kMaxRank)
    return kAbsent;
  return add.inputs[1 - product];
}

}  // namespace

void fold_biases(Draft& draft) {
  const std::vector<int> readers = count_readers(draft);
  std::vector<bool> gone(draft.nodes.size(), false);
  for (std::size_t n = 0; n < draft.nodes.size(); ++n) {
    const DraftNode add = draft.nodes[n];
    if (add.op != "Add" || !add.domain.empty() || add.inputs.size() != 2 || add.outputs.size() != 1) continue;
    for (const std::size_t product : {std::size_t{0}, std::size_t{1}}) {
      const ValueIndex bias = bias_of(draft, add, product, readers);
      if (bias == kAbsent) continue;
      // With more axes than the product has, the vector would add some.
      const Constant& vector = *draft.constant(bias);
      if (vector.shape().size() != 1) continue;
      const auto at = static_cast<std::size_t>(draft.value(add.inputs[product]).producer);
      DraftNode& linear = draft.nodes[at];
      linear.inputs.push_back(bias);
      linear.origins.insert(linear.origins.end(), add.origins.begin(), add.origins.end());
      linear.outputs = add.outputs;
      draft.value(add.outputs.front()).producer = static_cast<int>(at);
      gone[n] = true;
      break;
    }
  }
  remove_nodes(draft, gone);
}

}  // namespace kerf::formats::onnx
