#include "formats/onnx/emitter.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/onnx/dtypes.h"
#include "ops/op.h"
#include "ops/shape_rules.h"

namespace kerf::formats::onnx {
namespace {

/// Constants of so many elements are computed at import, and so many in all: more would take memory that the model's
/// size does not explain.
constexpr std::int64_t kFoldElements = std::int64_t{1} << 21;
constexpr std::int64_t kAllFoldElements = std::int64_t{1} << 24;
/// Of products, whose cost is more than their elements: the product of the operands' sizes.
constexpr std::int64_t kFoldProduct = std::int64_t{1} << 26;

bool is_product(std::string_view op) {
  return op == "MatMul" || op == "MatMulInteger" || op == "Einsum" || op == "Linear" || op == "Attention" ||
         op == "Conv" || op == "ConvTranspose" || op == "DFT";
}

bool is_reshaping(std::string_view op) { return op == "Reshape" || op == "Squeeze" || op == "Unsqueeze"; }

/// Rows of a matrix that was learned, or products with one: chosen by constants or not, it stays a weight.
bool reads_weight(const DraftNode& node, const Draft& draft) {
  // What is learned and rounded before it meets a weight.
  const Constant* first = node.inputs.front() == kAbsent ? nullptr : draft.constant(node.inputs.front());
  if (node.op == "DynamicQuantizeLinear") return first != nullptr && !first->initializers().empty();
  const bool gathers = node.op == "Gather" && node.domain.empty() && node.attributes.int_or("axis", 0) == 0;
  const bool multiplies = node.op == "Linear" && node.domain == graph::kKerfDomain;
  const std::size_t at = gathers ? 0 : 1;
  if (!(gathers || multiplies) || at >= node.inputs.size()) return false;
  const Constant* matrix = node.inputs[at] == kAbsent ? nullptr : draft.constant(node.inputs[at]);
  return matrix != nullptr && is_learned_matrix(*matrix);
}

/// What shape rules see of a constant.
ops::TensorSpec spec_of(const Constant& constant, bool read) {
  ops::TensorSpec spec{constant.dtype(), constant.shape()};
  if (read) spec.known = constant.values();
  return spec;
}

}  // namespace

void Emitter::fail(std::string message) const {
  throw_input(file_, fmt::format("node {} ({})", quoted(place_.name), place_.op), std::move(message));
}

ValueIndex Emitter::add_constant(Constant constant, std::string name) {
  const auto index = static_cast<ValueIndex>(draft_.values.size());
  const DType dtype = constant.dtype();
  // Counted within the node: the same whatever else of the file is computed.
  if (name.empty()) {
    const int uses = ++names_[place_.name + ".constant"];
    name = fmt::format("{}.constant{}", place_.name, uses == 1 ? "" : std::to_string(uses));
  }
  draft_.values.push_back({.name = std::move(name), .dtype = dtype, .constant = std::move(constant)});
  return index;
}

ValueIndex Emitter::scalar(float value) {
  return add_constant(Constant(Tensor::from<float>({}, std::span(&value, 1)), {}));
}

ValueIndex Emitter::integer(std::int64_t value) {
  return add_constant(Constant(Tensor::from<std::int64_t>({}, std::span(&value, 1)), {}));
}

ValueIndex Emitter::integers(std::vector<std::int64_t> values) {
  return add_constant(Constant(Tensor::from<std::int64_t>({std::ssize(values)}, values), {}));
}

ValueIndex Emitter::add_input(std::string name, DType dtype, Shape shape) {
  const auto index = static_cast<ValueIndex>(draft_.values.size());
  draft_.values.push_back(
      {.name = name, .dtype = dtype, .constant = std::nullopt, .input = static_cast<int>(draft_.inputs.size())});
  // Masks, positions and types are as long as the ids that they stand beside; there are as many of all.
  const bool decoder = starts_with(name, "decoder_");
  ValueIndex base = index;
  const ValueIndex batch = draft_.inputs.empty() ? index : draft_.inputs.front().value;
  for (const DraftInput& other : draft_.inputs) {
    if (starts_with(other.name, "decoder_") == decoder) base = std::min(base, other.value);
  }
  symbols_.learn_input(index, batch, base, shape);
  draft_.inputs.push_back({std::move(name), index, std::move(shape)});
  return index;
}

std::string Emitter::unique_name() {
  const int uses = ++names_[place_.name];
  return uses == 1 ? place_.name : fmt::format("{}#{}", place_.name, uses);
}

std::optional<ValueIndex> Emitter::view(const DraftNode& node) {
  const Constant* data = constant(node.inputs.front());
  const bool is_bytes = data != nullptr && data->dtype() == DType::kU8 && data->stored() != nullptr;
  if (data == nullptr || data->in_memory() || data->shape().size() < 2 || !(is_bytes || data->dtype() == DType::kF32))
    return std::nullopt;
  if (node.op == "Transpose" && !is_bytes && data->shape().size() == 2 &&
      node.attributes.ints_or("perm", {1, 0}) == std::vector<std::int64_t>{1, 0}) {
    return add_constant(transposed(*data), draft_.value(node.inputs.front()).name);
  }
  if (!is_reshaping(node.op)) return std::nullopt;
  std::vector<ops::TensorSpec> specs;
  for (const ValueIndex input : node.inputs) {
    if (input == kAbsent || constant(input) == nullptr) return std::nullopt;
    specs.push_back(spec_of(*constant(input), input != node.inputs.front()));
  }
  std::vector<const ops::TensorSpec*> arguments;
  for (const ops::TensorSpec& spec : specs) arguments.push_back(&spec);
  const ops::OpInfo* op = ops::find_op(node.domain, node.op);
  graph::Node rule{.op = node.op,
                   .domain = node.domain,
                   .name = node.name,
                   .inputs = {},
                   .outputs = {0},
                   .attributes = node.attributes};
  try {
    const auto outputs = op->infer(rule, arguments);
    if (ops::TensorSpec(outputs.front()).shape.empty()) return std::nullopt;
    return add_constant(reshaped(*data, outputs.front().shape), draft_.value(node.inputs.front()).name);
  } catch (const Error& error) {
    fail(error.message());
  }
}

/// What has no extent along the axis adds nothing: keys and values of an empty past.
void Emitter::drop_empty(DraftNode& node) const {
  if (node.op != "Concat" || !node.domain.empty()) return;
  const std::int64_t axis = node.attributes.int_or("axis", 0);
  const auto is_empty = [&](ValueIndex input) {
    const Constant* known = input == kAbsent ? nullptr : constant(input);
    if (known == nullptr || known->size() != 0) return false;
    const auto rank = std::ssize(known->shape());
    const std::int64_t at = axis < 0 ? axis + rank : axis;
    return at >= 0 && at < rank && known->shape()[static_cast<std::size_t>(at)] == 0;
  };
  const bool all = std::all_of(node.inputs.begin(), node.inputs.end(), is_empty);
  if (!all) std::erase_if(node.inputs, is_empty);
}

bool Emitter::fold(const DraftNode& node, std::vector<ValueIndex>& outputs) {
  const ops::OpInfo* op = ops::find_op(node.domain, node.op);
  if (op == nullptr || node.inputs.empty() || reads_weight(node, draft_)) return false;
  std::int64_t elements = 0, product = 1;
  for (const ValueIndex input : node.inputs) {
    if (input == kAbsent) continue;
    const Constant* known = constant(input);
    if (known == nullptr || known->size() > kFoldElements) return false;
    elements += known->size();
    product = std::min(kFoldProduct + 1, product * std::max<std::int64_t>(known->size(), 1));
    if (is_product(node.op) && product > kFoldProduct) return false;
  }
  std::vector<ops::TensorSpec> specs(node.inputs.size());
  std::vector<ops::Operand> operands(node.inputs.size());
  std::vector<const ops::TensorSpec*> spec_list;
  std::vector<const ops::Operand*> operand_list;
  std::vector<std::string> initializers;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Constant* known = constant(node.inputs[i]);
    if (known != nullptr) {
      specs[i] = spec_of(*known, true);
      operands[i].tensor = known->values();
      initializers.insert(initializers.end(), known->initializers().begin(), known->initializers().end());
    }
    spec_list.push_back(known == nullptr ? nullptr : &specs[i]);
    operand_list.push_back(known == nullptr ? nullptr : &operands[i]);
  }
  graph::Node rule{.op = node.op,
                   .domain = node.domain,
                   .name = node.name,
                   .inputs = {},
                   .outputs = {},
                   .attributes = node.attributes};
  rule.outputs.resize(outputs.size());
  std::vector<Tensor> results;
  try {
    const auto inferred = op->infer(rule, spec_list);
    for (const ops::TensorSpec& spec : inferred) {
      const auto count = checked_numel(spec.shape);
      if (!count || *count > kFoldElements) return false;
      elements += *count;
    }
    if (folded_ + elements > kAllFoldElements) return false;
    results.resize(std::max(inferred.size(), outputs.size()));
    ops::KernelContext context(rule, operand_list, results);
    op->run(context);
  } catch (const Error& error) {
    fail(error.message());
  }
  folded_ += elements;
  for (std::size_t i = 0; i < outputs.size(); ++i) outputs[i] = add_constant(Constant(results[i], initializers));
  return true;
}

std::vector<ValueIndex> Emitter::nodes(std::string op, std::vector<ValueIndex> inputs, std::size_t output_count,
                                       graph::Attributes attributes, std::string_view domain) {
  DraftNode node{.op = std::move(op), .domain = std::string(domain), .scope = place_.scope};
  node.inputs = std::move(inputs);
  while (!node.inputs.empty() && node.inputs.back() == kAbsent) node.inputs.pop_back();
  node.attributes = std::move(attributes);
  node.origins = {place_.origin};
  drop_empty(node);
  if (node.op == "Concat" && node.domain.empty() && node.inputs.size() == 1) return node.inputs;
  std::vector<ValueIndex> outputs(output_count, kAbsent);
  // A matrix that several nodes turn is turned once: it stays one weight.
  const bool turns = node.op == "Transpose" && node.inputs.size() == 1 && constant(node.inputs.front()) != nullptr;
  const std::string key =
      turns ? fmt::format("Transpose {} {}", node.inputs.front(), fmt::join(node.attributes.ints_or("perm", {}), ","))
            : std::string();
  if (const auto known = weights_of_codes_.find(key); turns && known != weights_of_codes_.end()) return {known->second};
  if (!node.inputs.empty() && node.inputs.front() != kAbsent) {
    if (const auto seen = view(node)) {
      if (turns) weights_of_codes_.emplace(key, *seen);
      return {*seen};
    }
  }
  if (fold(node, outputs)) {
    if (turns) weights_of_codes_.emplace(key, outputs.front());
    return outputs;
  }
  node.name = unique_name();
  outputs = append(std::move(node), output_count);
  if (output_count == 1) {
    if (const auto same = from_input_shapes(outputs.front())) return {*same};
  }
  return outputs;
}

std::vector<ValueIndex> Emitter::append(DraftNode node, std::size_t output_count) {
  std::vector<ValueIndex> outputs(output_count, kAbsent);
  for (std::size_t i = 0; i < output_count; ++i) {
    outputs[i] = static_cast<ValueIndex>(draft_.values.size());
    draft_.values.push_back({.name = output_count == 1 ? node.name : fmt::format("{}.{}", node.name, i),
                             .dtype = output_dtype(node, i, draft_),
                             .constant = std::nullopt,
                             .input = -1,
                             .producer = static_cast<int>(draft_.nodes.size())});
  }
  node.outputs = outputs;
  draft_.nodes.push_back(std::move(node));
  symbols_.learn(draft_.nodes.back());
  return outputs;
}

std::optional<ValueIndex> Emitter::from_input_shapes(ValueIndex value) {
  const DType dtype = draft_.value(value).dtype;
  const auto contents = symbols_.contents(value);
  const auto shape = symbols_.shape(value);
  if (!contents || !shape || shape->size() > 1) return std::nullopt;
  bool is_constant = true;
  for (const MaybeSymbol& symbol : *contents) {
    if (!symbol) return std::nullopt;
    is_constant = is_constant && symbol->is_constant();
  }
  if (dtype == DType::kBool && is_constant) {
    Tensor truths(DType::kBool, shape->empty() ? Shape() : Shape{std::ssize(*contents)});
    for (std::size_t i = 0; i < contents->size(); ++i) truths.raw()[i] = std::byte{(*contents)[i]->value != 0};
    return add_constant(Constant(truths, {}));
  }
  if (dtype != DType::kI64 && dtype != DType::kI32) return std::nullopt;
  return extents(*contents, shape->empty(), dtype);
}

ValueIndex Emitter::extents(const SymbolList& list, bool is_scalar, DType dtype) {
  std::string key = fmt::format("{}{}", dtype_name(dtype), is_scalar ? "" : "[]");
  for (const MaybeSymbol& symbol : list) key += fmt::format(" {}:{}:{}", symbol->value, symbol->base, symbol->axis);
  if (const auto known = extents_.find(key); known != extents_.end()) return known->second;
  const Place around = std::exchange(place_, {fmt::format("extents{}", extents_.size()), "Shape", "", {}});
  std::vector<ValueIndex> parts;
  for (const MaybeSymbol& symbol : list) parts.push_back(extent(*symbol));
  const auto joined = [&](std::string op, std::vector<ValueIndex> inputs, graph::Attributes attributes) {
    DraftNode node{.op = std::move(op), .name = unique_name()};
    node.inputs = std::move(inputs);
    node.attributes = std::move(attributes);
    std::vector<ValueIndex> outputs(1, kAbsent);
    return fold(node, outputs) ? outputs.front() : append(std::move(node), 1).front();
  };
  ValueIndex value = list.empty()       ? integers({})
                     : list.size() == 1 ? parts.front()
                                        : joined("Concat", parts, {{"axis", std::int64_t{0}}});
  if (is_scalar) value = joined("Squeeze", {value, integers({0})}, {});
  if (dtype != DType::kI64) value = joined("Cast", {value}, {{"to", data_type_of(dtype)}});
  place_ = around;
  extents_.emplace(std::move(key), value);
  return value;
}

/// A vector of one element.
ValueIndex Emitter::extent(const Symbol& symbol) {
  if (symbol.is_constant()) return integers({symbol.value});
  if (symbol.value != 1) {
    const ValueIndex once = extent({1, symbol.base, symbol.axis});
    DraftNode node{.op = "Mul", .name = unique_name()};
    node.inputs = {once, integers({symbol.value})};
    return append(std::move(node), 1).front();
  }
  const std::string key = fmt::format("{}:{}", symbol.base, symbol.axis);
  if (const auto known = extents_.find(key); known != extents_.end()) return known->second;
  DraftNode node{.op = "Shape", .name = fmt::format("{}.extent{}", draft_.value(symbol.base).name, symbol.axis)};
  node.inputs = {symbol.base};
  node.attributes = {{"start", std::int64_t{symbol.axis}}, {"end", std::int64_t{symbol.axis} + 1}};
  const ValueIndex value = append(std::move(node), 1).front();
  extents_.emplace(key, value);
  return value;
}

std::optional<std::size_t> Emitter::rank(ValueIndex index) const {
  const auto shape = symbols_.shape(index);
  return shape ? std::optional(shape->size()) : std::nullopt;
}

std::int64_t Emitter::constant_extent(ValueIndex index, std::size_t axis) const {
  const auto shape = symbols_.shape(index);
  if (!shape || axis >= shape->size() || !(*shape)[axis] || !(*shape)[axis]->is_constant()) {
    fail(fmt::format("axis {} of an input has an extent that depends on the data, expected a constant", axis));
  }
  return (*shape)[axis]->value;
}

std::vector<std::int64_t> Emitter::known_integers(ValueIndex index, std::string_view what) const {
  const Constant* known = constant(index);
  if (known == nullptr) fail(fmt::format("its {} depend on the data, expected constants", what));
  if (known->dtype() != DType::kI64 && known->dtype() != DType::kI32) {
    fail(fmt::format("its {} are {}, expected integers", what, dtype_name(known->dtype())));
  }
  return ops::integers_of(known->values());
}

}  // namespace kerf::formats::onnx
