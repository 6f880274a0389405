// Reverse mode over the nodes of a program.
#include <stdexcept>

#include "sweep/program.h"

namespace kerf::sweep {
namespace {

/// Adds to a sum that may not have begun. A buffer that others may hold is not written to.
void add_to(Tensor& sum, bool& own, Tensor part) {
  if (!sum.defined()) {
    sum = std::move(part);
    own = false;
    return;
  }
  if (!own) sum = sum.clone();
  own = true;
  float* const to = sum.data<float>();
  const float* const from = part.data<float>();
  for (std::int64_t i = 0; i < sum.size(); ++i) to[i] += from[i];
}

bool is_f32(const ops::Operand& operand) {
  return operand.packed != nullptr || (operand.tensor.defined() && operand.tensor.dtype() == DType::kF32);
}

}  // namespace

/// By slot: does its value depend on one of `of`?
std::vector<bool> Program::depends_on(std::span<const graph::ValueId> of) const {
  std::vector<bool> depends(slots_.size(), false);
  for (const graph::ValueId id : of) {
    const auto found = slots_.find(id);
    if (found != slots_.end()) depends[static_cast<std::size_t>(found->second)] = true;
  }
  for (const Step& step : steps_) {
    bool any = false;
    for (const int s : step.inputs) any = any || (s >= 0 && depends[static_cast<std::size_t>(s)]);
    for (const int s : step.outputs) {
      const auto at = static_cast<std::size_t>(s);
      depends[at] = depends[at] || (any && step.op->differentiate != nullptr);
    }
  }
  return depends;
}

std::map<graph::ValueId, Tensor> Program::derivatives(const Record& record, std::span<const Tensor> by_wanted,
                                                      std::span<const graph::ValueId> of) const {
  const std::vector<bool> depends = depends_on(of);
  std::vector<Tensor> by(slots_.size());
  std::vector<char> owned(slots_.size(), 0);
  const auto add = [&](int slot, Tensor part) {
    const auto s = static_cast<std::size_t>(slot);
    bool own = owned[s] != 0;
    add_to(by[s], own, std::move(part));
    owned[s] = own ? 1 : 0;
  };
  for (std::size_t i = 0; i < wanted_slots_.size(); ++i) {
    if (by_wanted[i].defined()) add(wanted_slots_[i], by_wanted[i]);
  }
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    std::vector<Tensor> outputs, by_outputs;
    bool any = false;
    for (const int s : step->outputs) {
      const auto at = static_cast<std::size_t>(s);
      outputs.push_back(record[at].tensor);
      by_outputs.push_back(by[at]);
      any = any || (by[at].defined() && depends[at]);
    }
    if (!any || step->op->differentiate == nullptr) continue;
    std::vector<const ops::Operand*> inputs;
    std::vector<bool> wanted;
    bool wants_any = false;
    for (const int s : step->inputs) {
      inputs.push_back(s < 0 ? nullptr : &record[static_cast<std::size_t>(s)]);
      wanted.push_back(s >= 0 && depends[static_cast<std::size_t>(s)] && is_f32(*inputs.back()));
      wants_any = wants_any || wanted.back();
    }
    if (!wants_any) continue;
    std::vector<Tensor> by_inputs(inputs.size());
    ops::DerivativeContext context(*step->node, inputs, outputs, by_outputs, wanted, by_inputs);
    step->op->differentiate(context);
    for (std::size_t i = 0; i < by_inputs.size(); ++i) {
      if (!wanted[i]) continue;
      if (!by_inputs[i].defined())
        throw std::logic_error("operator " + step->node->op + " has no derivative by an input");
      add(step->inputs[i], std::move(by_inputs[i]));
    }
  }
  std::map<graph::ValueId, Tensor> result;
  for (const graph::ValueId id : of) {
    const auto found = slots_.find(id);
    if (found == slots_.end()) continue;
    const Tensor& value = by[static_cast<std::size_t>(found->second)];
    if (value.defined()) result.emplace(id, value);
  }
  return result;
}

}  // namespace kerf::sweep
