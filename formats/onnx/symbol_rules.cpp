#include "formats/onnx/symbol_rules.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "core/checked.h"
#include "formats/onnx/symbol_arithmetic.h"

namespace kerf::formats::onnx {
namespace {

const std::set<std::string_view>& same_shape_ops() {
  static const std::set<std::string_view> ops = {"Abs",
                                                 "BitwiseNot",
                                                 "Cast",
                                                 "Ceil",
                                                 "Celu",
                                                 "Clip",
                                                 "Cos",
                                                 "CumSum",
                                                 "DequantizeLinear",
                                                 "DynamicQuantizeLinear",
                                                 "Elu",
                                                 "Erf",
                                                 "Exp",
                                                 "Floor",
                                                 "Gelu",
                                                 "HardSigmoid",
                                                 "HardSwish",
                                                 "IsInf",
                                                 "IsNaN",
                                                 "LayerNormalization",
                                                 "LeakyRelu",
                                                 "Log",
                                                 "LogSoftmax",
                                                 "Mish",
                                                 "Neg",
                                                 "Not",
                                                 "PRelu",
                                                 "QuantizeLinear",
                                                 "RMSNormalization",
                                                 "Reciprocal",
                                                 "Relu",
                                                 "Round",
                                                 "RotaryEmbedding",
                                                 "ScatterElements",
                                                 "ScatterND",
                                                 "Selu",
                                                 "Sigmoid",
                                                 "Sign",
                                                 "Sin",
                                                 "Softmax",
                                                 "Softplus",
                                                 "Softsign",
                                                 "Sqrt",
                                                 "Tanh",
                                                 "ThresholdedRelu",
                                                 "Trilu"};
  return ops;
}

const std::set<std::string_view>& broadcasting_ops() {
  static const std::set<std::string_view> ops = {
      "Add",  "And",         "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Div", "Equal", "Greater", "GreaterOrEqual",
      "Less", "LessOrEqual", "Max",        "Mean",      "Min",        "Mod", "Mul",   "Or",      "Pow",
      "Sub",  "Sum",         "Where",      "Xor"};
  return ops;
}

/// The rules, one a group of operators; what is not set stays unknown.
class SymbolRules {
 public:
  SymbolRules(const Symbols& symbols, const Draft& draft, const DraftNode& node, std::size_t output)
      : symbols_(symbols), draft_(draft), node_(node), output_(output) {}

  Symbols::Known run() {
    if (node_.op == "Split" && node_.domain.empty()) split();
    // One scale and one zero point.
    if (output_ > 0 && node_.op == "DynamicQuantizeLinear") known_.shape = SymbolList();
    if (output_ > 0) return known_;
    if (node_.domain == graph::kKerfDomain && node_.op == "Linear") linear();
    if (!node_.domain.empty() || node_.inputs.empty() || node_.inputs.front() == kAbsent) return known_;
    if (same_shape_ops().contains(node_.op)) known_.shape = shape(0);
    if (broadcasting_ops().contains(node_.op)) elementwise();
    static const std::map<std::string_view, void (SymbolRules::*)()> rules = {
        {"Shape", &SymbolRules::shape_of},
        {"Gather", &SymbolRules::gather},
        {"Slice", &SymbolRules::slice},
        {"Concat", &SymbolRules::concat},
        {"Unsqueeze", &SymbolRules::unsqueeze},
        {"Squeeze", &SymbolRules::squeeze},
        {"Reshape", &SymbolRules::reshape},
        {"Transpose", &SymbolRules::transpose},
        {"Expand", &SymbolRules::expand},
        {"Pad", &SymbolRules::pad},
        {"Tile", &SymbolRules::tile},
        {"MatMul", &SymbolRules::matmul},
        {"MatMulInteger", &SymbolRules::matmul},
        {"Range", &SymbolRules::range},
        {"GatherElements", &SymbolRules::gather_elements},
        {"GatherND", &SymbolRules::gather_nd},
        {"Cast", &SymbolRules::cast},
        {"Not", &SymbolRules::negate},
        {"Size", &SymbolRules::size}};
    if (const auto rule = rules.find(node_.op); rule != rules.end()) (this->*rule->second)();
    if (node_.op.starts_with("Reduce")) reduce();
    if (known_.contents && known_.contents->size() > kMaxContents) known_.contents.reset();
    return known_;
  }

 private:
  using Maybe = std::optional<SymbolList>;
  ValueIndex input(std::size_t i) const { return i < node_.inputs.size() ? node_.inputs[i] : kAbsent; }
  Maybe shape(std::size_t i) const { return input(i) == kAbsent ? std::nullopt : symbols_.shape(input(i)); }
  Maybe contents(std::size_t i) const { return input(i) == kAbsent ? std::nullopt : symbols_.contents(input(i)); }
  std::int64_t int_or(std::string_view name, std::int64_t fallback) const {
    return node_.attributes.int_or(name, fallback);
  }
  /// As an index below `rank`; nullopt if it is none.
  static std::optional<std::size_t> axis_of(std::int64_t axis, std::size_t rank) {
    const std::int64_t at = axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis;
    if (at < 0 || at >= static_cast<std::int64_t>(rank)) return std::nullopt;
    return static_cast<std::size_t>(at);
  }

  void linear() {
    const Maybe x = shape(0), weight = shape(1);
    if (!x || x->empty() || !weight || weight->size() != 2) return;
    known_.shape = x;
    known_.shape->back() = weight->front();
  }

  void shape_of() {
    const Maybe x = shape(0);
    if (!x) return;
    const auto rank = static_cast<std::int64_t>(x->size());
    const auto place = [&](std::int64_t axis) {
      return std::clamp<std::int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
    };
    const std::int64_t begin = place(int_or("start", 0)), end = std::max(begin, place(int_or("end", rank)));
    known_.contents = SymbolList(x->begin() + begin, x->begin() + end);
    known_.shape = constant_symbols(std::vector<std::int64_t>{end - begin});
  }

  void size() {
    const Maybe x = shape(0);
    if (!x) return;
    Quotient product;
    for (const MaybeSymbol& extent : *x) product.multiply(extent);
    known_.shape = SymbolList();
    known_.contents = SymbolList{product.result()};
  }

  void gather_nd() {
    const Maybe data = shape(0), indices = shape(1);
    if (!data || !indices || indices->empty() || int_or("batch_dims", 0) != 0) return;
    const MaybeSymbol& depth = indices->back();
    if (!depth || !depth->is_constant() || depth->value < 0 || depth->value > std::ssize(*data)) return;
    known_.shape = SymbolList(indices->begin(), indices->end() - 1);
    known_.shape->insert(known_.shape->end(), data->begin() + depth->value, data->end());
  }

  void cast() {
    const Maybe values = contents(0);
    const DType to = draft_.value(node_.outputs.front()).dtype;
    if (values && (to == DType::kI64 || to == DType::kI32)) known_.contents = values;
  }

  void negate() {
    const auto values = values_of(contents(0));
    if (!values) return;
    known_.contents = SymbolList();
    for (const std::int64_t value : *values) known_.contents->emplace_back(constant_symbol(value == 0 ? 1 : 0));
  }

  void elementwise() {
    Maybe all = shape(0);
    for (std::size_t i = 1; all && i < node_.inputs.size(); ++i) {
      const Maybe other = shape(i);
      all = other ? Maybe(broadcast(*all, *other)) : std::nullopt;
    }
    known_.shape = all;
    if (!all || all->size() > 1) return;
    std::vector<SymbolList> operands;
    std::size_t count = 1;
    for (std::size_t i = 0; i < node_.inputs.size(); ++i) {
      const Maybe values = contents(i);
      if (!values || values->empty()) return;
      operands.push_back(*values);
      count = std::max(count, values->size());
    }
    SymbolList results;
    for (std::size_t e = 0; e < count; ++e) {
      std::vector<MaybeSymbol> arguments;
      for (const SymbolList& operand : operands) {
        if (operand.size() != 1 && operand.size() != count) return;
        arguments.push_back(operand[operand.size() == 1 ? 0 : e]);
      }
      results.push_back(element(arguments));
    }
    known_.contents = results;
  }

  MaybeSymbol element(const std::vector<MaybeSymbol>& arguments) const {
    const std::string& op = node_.op;
    if (op == "Where" && arguments.size() == 3) {
      if (!arguments[0] || !arguments[0]->is_constant()) return std::nullopt;
      return arguments[0]->value != 0 ? arguments[1] : arguments[2];
    }
    if (arguments.size() != 2 || !arguments[0] || !arguments[1]) return std::nullopt;
    return combine(op, *arguments[0], *arguments[1]);
  }

  void gather() {
    const Maybe data = shape(0), indices = shape(1);
    if (!data || !indices || data->empty()) return;
    const auto axis = axis_of(int_or("axis", 0), data->size());
    if (!axis) return;
    SymbolList result(data->begin(), data->begin() + static_cast<std::ptrdiff_t>(*axis));
    result.insert(result.end(), indices->begin(), indices->end());
    result.insert(result.end(), data->begin() + static_cast<std::ptrdiff_t>(*axis) + 1, data->end());
    known_.shape = result;
    const Maybe from = contents(0);
    const auto wanted = values_of(contents(1));
    if (!from || !wanted || data->size() != 1) return;
    SymbolList found;
    for (const std::int64_t index : *wanted) {
      const auto at = axis_of(index, from->size());
      if (!at) return;
      found.push_back((*from)[*at]);
    }
    known_.contents = found;
  }

  void gather_elements() { known_.shape = shape(1); }

  /// The axes that a Slice cuts; nullopt if they depend on the data.
  std::optional<std::vector<std::int64_t>> sliced_axes() const {
    if (input(3) != kAbsent) return values_of(contents(3));
    const auto count = values_of(shape(1));
    if (!count || count->size() != 1 || count->front() < 0) return std::nullopt;
    std::vector<std::int64_t> axes(static_cast<std::size_t>(count->front()));
    std::iota(axes.begin(), axes.end(), 0);
    return axes;
  }

  void slice() {
    const Maybe data = shape(0);
    if (!data) return;
    known_.shape = SymbolList(data->size());
    const auto axes = sliced_axes();
    if (!axes || axes->size() > data->size()) return;
    const auto starts = values_of(contents(1));
    const Maybe ends = contents(2);
    auto steps =
        input(4) == kAbsent ? std::optional(std::vector<std::int64_t>(axes->size(), 1)) : values_of(contents(4));
    const bool known = starts && ends && steps && starts->size() == axes->size() && ends->size() == axes->size() &&
                       steps->size() == axes->size();
    SymbolList result = *data;
    Maybe part = known ? contents(0) : std::nullopt;
    for (std::size_t i = 0; i < axes->size(); ++i) {
      const auto axis = axis_of((*axes)[i], data->size());
      if (!axis) return;
      if (!known) {
        result[*axis].reset();
        continue;
      }
      const MaybeSymbol &extent = (*data)[*axis], &end = (*ends)[i];
      result[*axis] = sliced(extent, (*starts)[i], end, (*steps)[i], part);
      // Positions and masks are constants cut to the length of the text: a longer text than they have is refused where
      // it meets them.
      const bool of_constant = draft_.constant(input(0)) != nullptr;
      if (of_constant && end && !end->is_constant() && (*starts)[i] == 0 && (*steps)[i] == 1) result[*axis] = end;
    }
    known_.shape = result;
    if (data->size() == 1 && part) known_.contents = part;
  }

  /// The extent that is left of one; `part`: the elements, if they are known, cut the same way.
  static MaybeSymbol sliced(const MaybeSymbol& extent, std::int64_t start, const MaybeSymbol& end, std::int64_t step,
                            Maybe& part) {
    constexpr std::int64_t kBeyond = std::int64_t{1} << 31;
    const Maybe elements = std::exchange(part, std::nullopt);
    if (step != 1 || !extent || !end) return std::nullopt;
    if (!extent->is_constant()) {
      const bool whole = start == 0 && ((end->is_constant() && end->value >= kBeyond - 1) || *end == *extent);
      return whole ? extent : MaybeSymbol();
    }
    if (!end->is_constant()) return std::nullopt;
    const auto place = [&](std::int64_t at) {
      return std::clamp<std::int64_t>(at < 0 ? at + extent->value : at, 0, extent->value);
    };
    const std::int64_t first = place(start), last = std::max(first, place(end->value));
    if (elements && std::ssize(*elements) == extent->value) {
      part = SymbolList(elements->begin() + first, elements->begin() + last);
    }
    return constant_symbol(last - first);
  }

  void concat() {
    Maybe first;
    for (std::size_t i = 0; !first && i < node_.inputs.size(); ++i) first = shape(i);
    const auto axis = first ? axis_of(int_or("axis", 0), first->size()) : std::nullopt;
    if (!axis) return;
    SymbolList result(first->size()), joined;
    result[*axis] = constant_symbol(0);
    bool has_contents = first->size() == 1;
    for (std::size_t i = 0; i < node_.inputs.size(); ++i) {
      const SymbolList other = shape(i).value_or(SymbolList(result.size()));
      const Maybe values = contents(i);
      if (other.size() != result.size()) return;
      const MaybeSymbol &a = result[*axis], &b = other[*axis];
      result[*axis] = a && b ? combine("Add", *a, *b) : MaybeSymbol();
      for (std::size_t d = 0; d < result.size(); ++d) {
        if (d != *axis && (!result[d] || !result[d]->is_constant())) result[d] = other[d] ? other[d] : result[d];
      }
      has_contents = has_contents && values.has_value();
      if (has_contents) joined.insert(joined.end(), values->begin(), values->end());
    }
    known_.shape = result;
    if (has_contents) known_.contents = joined;
  }

  void split() {
    const Maybe data = shape(0);
    const auto axis = data ? axis_of(int_or("axis", 0), data->size()) : std::nullopt;
    if (!axis) return;
    SymbolList result = *data;
    const MaybeSymbol extent = result[*axis];
    result[*axis].reset();
    const auto parts = static_cast<std::int64_t>(node_.outputs.size());
    if (input(1) != kAbsent) {
      const auto sizes = values_of(contents(1));
      if (sizes && output_ < sizes->size()) result[*axis] = constant_symbol((*sizes)[output_]);
    } else if (extent && extent->is_constant() && extent->value % parts == 0) {
      result[*axis] = constant_symbol(extent->value / parts);
    }
    known_.shape = result;
  }

  void pad() {
    const Maybe data = shape(0);
    if (!data) return;
    const auto pads = values_of(contents(1));
    known_.shape = SymbolList(data->size());
    if (!pads || input(3) != kAbsent || pads->size() != 2 * data->size()) return;
    for (std::size_t d = 0; d < data->size(); ++d) {
      const auto added = checked_add((*pads)[d], (*pads)[d + data->size()]);
      if (added && (*data)[d]) (*known_.shape)[d] = combine("Add", *(*data)[d], constant_symbol(*added));
    }
  }

  void tile() {
    const Maybe data = shape(0), repeats = contents(1);
    if (!data) return;
    known_.shape = SymbolList(data->size());
    if (!repeats || repeats->size() != data->size()) return;
    for (std::size_t d = 0; d < data->size(); ++d) {
      const MaybeSymbol &extent = (*data)[d], &count = (*repeats)[d];
      if (extent && count) (*known_.shape)[d] = combine("Mul", *extent, *count);
    }
  }

  void unsqueeze() {
    const Maybe data = shape(0);
    const auto axes = values_of(contents(1));
    if (data && axes) {
      const std::size_t rank = data->size() + axes->size();
      std::vector<bool> is_new(rank, false);
      for (const std::int64_t axis : *axes) {
        const auto at = axis_of(axis, rank);
        if (!at) return;
        is_new[*at] = true;
      }
      SymbolList result;
      std::size_t next = 0;
      for (const bool insert : is_new) {
        if (!insert && next == data->size()) return;
        result.push_back(insert ? MaybeSymbol(constant_symbol(1)) : (*data)[next++]);
      }
      known_.shape = result;
      if (rank <= 1) known_.contents = contents(0);
    }
  }

  void squeeze() {
    const Maybe data = shape(0);
    if (!data) return;
    std::vector<bool> goes(data->size(), false);
    if (input(1) == kAbsent) {
      for (std::size_t i = 0; i < goes.size(); ++i) {
        if (!(*data)[i]) return;
        // An extent that is not known may be 1.
        if (!(*data)[i]->is_constant()) return;
        goes[i] = (*data)[i]->value == 1;
      }
    } else {
      const auto axes = values_of(contents(1));
      if (!axes) return;
      for (const std::int64_t axis : *axes) {
        const auto at = axis_of(axis, data->size());
        if (!at) return;
        goes[*at] = true;
      }
    }
    SymbolList result;
    for (std::size_t i = 0; i < goes.size(); ++i) {
      if (!goes[i]) result.push_back((*data)[i]);
    }
    known_.shape = result;
    if (result.size() <= 1) known_.contents = contents(0);
  }

  void reshape() {
    const Maybe data = shape(0), wanted = contents(1);
    if (!wanted) return;
    const bool allow_zero = int_or("allowzero", 0) != 0;
    SymbolList result = *wanted;
    std::optional<std::size_t> open;
    for (std::size_t i = 0; i < result.size(); ++i) {
      if (!result[i] || !result[i]->is_constant()) continue;
      if (result[i]->value == 0 && !allow_zero) {
        result[i] = data && i < data->size() ? (*data)[i] : MaybeSymbol();
      } else if (result[i]->value == -1) {
        open = i;
        result[i].reset();
      }
    }
    if (open && data) {
      Quotient rest;
      for (const MaybeSymbol& extent : *data) rest.multiply(extent);
      for (std::size_t i = 0; i < result.size(); ++i) {
        if (i != *open) rest.divide(result[i]);
      }
      result[*open] = rest.result();
    }
    known_.shape = result;
    if (result.size() <= 1) known_.contents = contents(0);
  }

  void transpose() {
    const Maybe data = shape(0);
    if (!data) return;
    std::vector<std::int64_t> reversed;
    for (std::size_t i = data->size(); i-- > 0;) reversed.push_back(static_cast<std::int64_t>(i));
    SymbolList result;
    for (const std::int64_t axis : node_.attributes.ints_or("perm", reversed)) {
      const auto at = axis_of(axis, data->size());
      if (!at) return;
      result.push_back((*data)[*at]);
    }
    known_.shape = result;
  }

  void expand() {
    const Maybe data = shape(0), wanted = contents(1);
    if (!data || !wanted) return;
    known_.shape = broadcast(*data, *wanted);
    const Maybe values = contents(0);
    const auto extents = values_of(known_.shape);
    if (!values || values->size() != 1 || !extents || extents->size() != 1) return;
    if (extents->front() >= 0 && extents->front() <= static_cast<std::int64_t>(kMaxContents)) {
      known_.contents = SymbolList(static_cast<std::size_t>(extents->front()), values->front());
    }
  }

  void matmul() {
    const Maybe a = shape(0), b = shape(1);
    if (!a || !b || a->size() < 2 || b->size() < 2) return;
    SymbolList result = broadcast(SymbolList(a->begin(), a->end() - 2), SymbolList(b->begin(), b->end() - 2));
    result.push_back((*a)[a->size() - 2]);
    result.push_back(b->back());
    known_.shape = result;
  }

  void range() {
    const auto start = values_of(contents(0)), step = values_of(contents(2));
    const Maybe limit = contents(1);
    known_.shape = SymbolList{MaybeSymbol()};
    if (!start || !step || !limit || start->front() != 0 || step->front() != 1) return;
    const MaybeSymbol& end = limit->front();
    if (end && (!end->is_constant() || end->value >= 0)) known_.shape->front() = end;
  }

  void reduce() {
    const Maybe data = shape(0);
    if (!data) return;
    std::vector<bool> reduced(data->size(), input(1) == kAbsent);
    if (input(1) != kAbsent) {
      const auto axes = values_of(contents(1));
      if (!axes || axes->empty()) return;
      for (const std::int64_t axis : *axes) {
        const auto at = axis_of(axis, data->size());
        if (!at) return;
        reduced[*at] = true;
      }
    }
    SymbolList result;
    for (std::size_t i = 0; i < reduced.size(); ++i) {
      if (!reduced[i]) result.push_back((*data)[i]);
      if (reduced[i] && int_or("keepdims", 1) != 0) result.emplace_back(constant_symbol(1));
    }
    known_.shape = result;
  }

  const Symbols& symbols_;
  const Draft& draft_;
  const DraftNode& node_;
  const std::size_t output_;
  Symbols::Known known_;
};

}  // namespace

Symbols::Known apply_symbol_rules(const Symbols& symbols, const Draft& draft, const DraftNode& node,
                                  std::size_t output) {
  return SymbolRules(symbols, draft, node, output).run();
}

}  // namespace kerf::formats::onnx
