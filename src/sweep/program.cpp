#include "sweep/program.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <stdexcept>

#include "ops/reversed_matrix.h"

namespace kerf::sweep {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::Value;
using graph::ValueId;

/// Nodes that `wanted` needs: of [begin, end), plus free nodes from anywhere. Ascending.
std::set<NodeId> needed_nodes(const Graph& graph, const Plan& plan, NodeId begin, NodeId end,
                              std::span<const ValueId> seeds, std::span<const ValueId> wanted) {
  const std::set<ValueId> given(seeds.begin(), seeds.end());
  std::set<NodeId> needed;
  std::vector<ValueId> open(wanted.begin(), wanted.end());
  while (!open.empty()) {
    const ValueId id = open.back();
    open.pop_back();
    if (id == kNoValue || given.contains(id) || graph.value(id).kind != Value::Kind::kComputed) continue;
    const NodeId producer = graph.value(id).producer;
    const bool inside = producer >= begin && producer < end;
    if (!inside && !plan.free_node[static_cast<std::size_t>(producer)]) {
      throw std::logic_error("value " + graph.value(id).name + " is not available where it is needed");
    }
    if (!needed.insert(producer).second) continue;
    const auto& inputs = graph.node(producer).inputs;
    open.insert(open.end(), inputs.begin(), inputs.end());
  }
  return needed;
}

}  // namespace

int Program::slot_for(ValueId value) { return slots_.emplace(value, static_cast<int>(slots_.size())).first->second; }

Program::Program(const Graph& graph, const Plan& plan, NodeId begin, NodeId end, std::span<const ValueId> seeds,
                 std::span<const ValueId> wanted) {
  for (const ValueId id : seeds) seed_slots_.push_back(slot_for(id));
  std::set<ValueId> bound(seeds.begin(), seeds.end());
  const auto bind = [&](ValueId id) {
    const Value& value = graph.value(id);
    if (value.kind == Value::Kind::kComputed || !bound.insert(id).second) return;
    if (value.kind == Value::Kind::kInput) {
      const auto at = std::find(graph.inputs().begin(), graph.inputs().end(), id) - graph.inputs().begin();
      input_slots_.emplace_back(slot_for(id), static_cast<std::size_t>(at));
    } else {
      parameter_slots_.emplace_back(id, slot_for(id));
      parameters_.push_back(id);
    }
  };
  for (const NodeId n : needed_nodes(graph, plan, begin, end, seeds, wanted)) {
    const Node& node = graph.node(n);
    Step step{&node, n, ops::find_op(node.domain, node.op), {}, {}, {}};
    if (step.op == nullptr) throw std::logic_error("operator " + node.op + " is not implemented");
    rowwise_ = rowwise_ && step.op->rowwise;
    for (const ValueId id : node.inputs) {
      if (id != kNoValue) bind(id);
      step.inputs.push_back(id == kNoValue ? -1 : slot_for(id));
    }
    for (const ValueId id : node.outputs) step.outputs.push_back(slot_for(id));
    steps_.push_back(std::move(step));
  }
  for (const ValueId id : wanted) {
    bind(id);
    wanted_slots_.push_back(slot_for(id));
  }
  std::sort(parameters_.begin(), parameters_.end());

  // Each slot is dropped after the last step that touches it, unless it is wanted.
  std::set<int> kept(wanted_slots_.begin(), wanted_slots_.end());
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    for (const auto* list : {&step->inputs, &step->outputs}) {
      for (const int slot : *list) {
        if (slot >= 0 && kept.insert(slot).second) step->drops.push_back(slot);
      }
    }
  }
}

void Program::run_step(const Step& step, ops::KernelContext& context) const {
  if (!clock_) return step.op->run(context);
  const auto start = std::chrono::steady_clock::now();
  step.op->run(context);
  clock_(*step.node, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

namespace {

/// What the nodes of one run read in place of values that are rounded for them. A value that several nodes read under
/// the same rounding (q, k and v) is rounded once.
class RoundedInputs {
 public:
  /// Replaces the arguments of node `id` that are rounded. The pointers stay good until the next call.
  void apply(const InputRoundings& roundings, NodeId id, std::span<const int> slots,
             std::vector<const ops::Operand*>& arguments) {
    const auto found = roundings.find(id);
    if (found == roundings.end()) return;
    used_.clear();
    for (const InputRounding& rounding : found->second) {
      const ops::Operand* given = arguments[rounding.input];
      if (given == nullptr) continue;
      used_.push_back(find(slots[rounding.input], rounding, given->tensor));
      arguments[rounding.input] = used_.back().get();
    }
  }
  void drop(int slot) {
    std::erase_if(made_, [&](const Made& made) { return made.slot == slot; });
  }

 private:
  struct Made {
    int slot;
    InputRounding rounding;
    std::shared_ptr<const ops::Operand> operand;
  };
  std::shared_ptr<const ops::Operand> find(int slot, const InputRounding& rounding, const Tensor& values) {
    for (const Made& made : made_) {
      if (made.slot == slot && made.rounding.parts == rounding.parts && made.rounding.quantizer == rounding.quantizer) {
        return made.operand;
      }
    }
    auto operand = std::make_shared<ops::Operand>();
    operand->tensor = rounded(values, rounding);
    made_.push_back({slot, rounding, operand});
    return operand;
  }
  std::vector<Made> made_;
  std::vector<std::shared_ptr<const ops::Operand>> used_;
};

}  // namespace

std::vector<Tensor> Program::run(const Operands& operands, std::span<const Tensor> inputs,
                                 std::span<const Tensor> seeds, Record* record) const {
  Record slots(slots_.size());
  const auto slot = [&](int s) -> ops::Operand& { return slots[static_cast<std::size_t>(s)]; };
  for (const auto& [s, index] : input_slots_) slot(s).tensor = inputs[index];
  for (const auto& [id, s] : parameter_slots_) slot(s) = operands.at(id);
  for (std::size_t i = 0; i < seed_slots_.size(); ++i) slot(seed_slots_[i]).tensor = seeds[i];

  std::vector<const ops::Operand*> arguments;
  std::vector<Tensor> results;
  RoundedInputs rounded_inputs;
  for (const Step& step : steps_) {
    arguments.clear();
    for (const int s : step.inputs) arguments.push_back(s < 0 ? nullptr : &slot(s));
    if (!operands.roundings.empty()) rounded_inputs.apply(operands.roundings, step.id, step.inputs, arguments);
    results.assign(step.outputs.size(), Tensor());
    ops::KernelContext context(*step.node, arguments, results);
    run_step(step, context);
    for (std::size_t i = 0; i < results.size(); ++i) slot(step.outputs[i]).tensor = std::move(results[i]);
    for (const int s : step.drops) {
      if (record == nullptr) slot(s) = ops::Operand();
      rounded_inputs.drop(s);
    }
  }
  std::vector<Tensor> wanted;
  for (const int s : wanted_slots_) wanted.push_back(slot(s).tensor);
  if (record != nullptr) *record = std::move(slots);
  return wanted;
}

namespace {

enum class Form { kTensor, kPacked, kRows };

/// How the nodes that read a weight want it. One weight may be wanted in several forms (a tied head).
std::set<Form> wanted_forms(const Graph& graph, ValueId id) {
  std::set<Form> forms;
  for (const NodeId n : graph.consumers(id)) {
    const Node& node = graph.node(n);
    const ops::OpInfo* op = ops::find_op(node.domain, node.op);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] != id) continue;
      const auto at = static_cast<int>(i);
      forms.insert(at == op->packed_input ? Form::kPacked : at == op->row_input ? Form::kRows : Form::kTensor);
    }
  }
  return forms;
}

ops::Operand make_operand(const graph::SourcePtr& source, const std::set<Form>& forms, bool reversed) {
  ops::Operand operand;
  if (forms.contains(Form::kRows)) operand.rows = source;
  if (forms.contains(Form::kTensor)) operand.tensor = source->read();
  if (forms.contains(Form::kPacked)) {
    const Tensor values = operand.tensor.defined() ? operand.tensor : source->read();
    const auto pack = reversed ? ops::linalg::pack_reversed : ops::linalg::PackedMatrix::pack;
    operand.packed = pack(values.data<float>(), source->rows(), source->row_size());
  }
  return operand;
}

/// W [out, in] as the packed matrix that multiplies derivatives by outputs.
std::shared_ptr<const ops::linalg::PackedMatrix> pack_transposed(const graph::TensorSource& source) {
  const Tensor values = source.read();
  const std::int64_t rows = source.rows(), cols = source.row_size();
  std::vector<float> turned(static_cast<std::size_t>(rows * cols));
  const float* const from = values.data<float>();
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) turned[static_cast<std::size_t>(c * rows + r)] = from[r * cols + c];
  }
  return ops::linalg::PackedMatrix::pack(turned.data(), cols, rows);
}

}  // namespace

Operands prepare_for_derivatives(const Graph& graph, const Program& program, const Overlay* overlay) {
  Operands operands = prepare(graph, program, overlay, nullptr);
  for (auto& [id, operand] : operands) {
    if (operand.packed == nullptr) continue;
    const graph::SourcePtr* replaced = overlay == nullptr ? nullptr : overlay->find(id);
    operand.transposed = pack_transposed(replaced != nullptr ? **replaced : *graph.value(id).weight.source);
  }
  return operands;
}

Operands prepare(const Graph& graph, const Program& program, const Overlay* overlay, const Operands* shared) {
  Operands operands;
  if (overlay != nullptr) operands.roundings = overlay->roundings();
  const bool reversed = overlay != nullptr && overlay->reverses_sums();
  for (const ValueId id : program.parameters()) {
    const Value& value = graph.value(id);
    if (value.kind == Value::Kind::kConstant) {
      operands[id].tensor = value.constant;
      continue;
    }
    const graph::SourcePtr* replaced = overlay == nullptr ? nullptr : overlay->find(id);
    if (replaced == nullptr && shared != nullptr && !reversed) {
      if (const auto found = shared->find(id); found != shared->end()) {
        operands[id] = found->second;
        continue;
      }
    }
    operands[id] =
        make_operand(replaced != nullptr ? *replaced : value.weight.source, wanted_forms(graph, id), reversed);
  }
  return operands;
}

}  // namespace kerf::sweep
