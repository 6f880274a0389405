#include "formats/onnx/symbols.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/checked.h"
#include "ops/shape_rules.h"

namespace kerf::formats::onnx {
namespace {

constexpr std::size_t kMaxContents = 16;

Symbol constant(std::int64_t value) { return {value, kAbsent, 0}; }

SymbolList constants(std::span<const std::int64_t> values) {
  SymbolList list;
  for (const std::int64_t value : values) list.emplace_back(constant(value));
  return list;
}

/// All of them constants? Their values.
std::optional<std::vector<std::int64_t>> values_of(const std::optional<SymbolList>& list) {
  if (!list) return std::nullopt;
  std::vector<std::int64_t> values;
  for (const MaybeSymbol& symbol : *list) {
    if (!symbol || !symbol->is_constant()) return std::nullopt;
    values.push_back(symbol->value);
  }
  return values;
}

/// numpy's rule for one axis: an extent that is not 1 wins.
MaybeSymbol broadcast(const MaybeSymbol& a, const MaybeSymbol& b) {
  if (a && a->is_constant() && a->value == 1) return b;
  if (b && b->is_constant() && b->value == 1) return a;
  if (a && a->is_constant()) return a;
  if (b && b->is_constant()) return b;
  return a && b && *a == *b ? a : MaybeSymbol();
}

SymbolList broadcast(const SymbolList& a, const SymbolList& b) {
  SymbolList result(std::max(a.size(), b.size()));
  for (std::size_t i = 1; i <= result.size(); ++i) {
    const MaybeSymbol one = constant(1);
    result[result.size() - i] = broadcast(i <= a.size() ? a[a.size() - i] : one, i <= b.size() ? b[b.size() - i] : one);
  }
  return result;
}

/// A product of symbols with equal ones on both sides taken away.
struct Quotient {
  std::int64_t factor = 1, divisor = 1;
  std::vector<Symbol> above, below;
  bool valid = true;

  void multiply(const MaybeSymbol& symbol) { take(symbol, factor, above, below); }
  void divide(const MaybeSymbol& symbol) { take(symbol, divisor, below, above); }
  MaybeSymbol result() const {
    if (!valid || divisor == 0 || factor % divisor != 0 || !below.empty()) return std::nullopt;
    if (above.empty()) return constant(factor / divisor);
    return above.size() == 1 && factor == divisor ? MaybeSymbol(above.front()) : std::nullopt;
  }

 private:
  void take(const MaybeSymbol& symbol, std::int64_t& number, std::vector<Symbol>& here, std::vector<Symbol>& there) {
    if (!symbol) {
      valid = false;
    } else if (symbol->is_constant()) {
      const auto product = checked_mul(number, symbol->value);
      valid = valid && product.has_value();
      number = product.value_or(1);
    } else if (const auto found = std::find(there.begin(), there.end(), *symbol); found != there.end()) {
      *found = there.back();
      there.pop_back();
    } else {
      here.push_back(*symbol);
    }
  }
};

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

}  // namespace

/// The rules, one a group of operators; what is not set stays unknown.
class SymbolRules {
 public:
  SymbolRules(const Symbols& symbols, const DraftNode& node) : symbols_(symbols), node_(node) {}

  Symbols::Known run() {
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
        {"MatMul", &SymbolRules::matmul},
        {"Range", &SymbolRules::range},
        {"GatherElements", &SymbolRules::gather_elements},
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
    known_.shape = constants(std::vector<std::int64_t>{end - begin});
  }

  void size() {
    const Maybe x = shape(0);
    if (!x) return;
    Quotient product;
    for (const MaybeSymbol& extent : *x) product.multiply(extent);
    known_.shape = SymbolList();
    known_.contents = SymbolList{product.result()};
  }

  void cast() {
    const Maybe values = contents(0);
    const DType to = symbols_.draft_.value(node_.outputs.front()).dtype;
    if (values && (to == DType::kI64 || to == DType::kI32)) known_.contents = values;
  }

  void negate() {
    const auto values = values_of(contents(0));
    if (!values) return;
    known_.contents = SymbolList();
    for (const std::int64_t value : *values) known_.contents->emplace_back(constant(value == 0 ? 1 : 0));
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
    const Symbol &a = *arguments[0], &b = *arguments[1];
    if (!a.is_constant() || !b.is_constant()) return open_element(op, a, b);
    return closed_element(op, a.value, b.value);
  }

  static MaybeSymbol closed_element(const std::string& op, std::int64_t a, std::int64_t b) {
    const auto checked = [](std::optional<std::int64_t> value) {
      return value ? MaybeSymbol(constant(*value)) : std::nullopt;
    };
    const auto truth = [](bool value) { return MaybeSymbol(constant(value ? 1 : 0)); };
    if (op == "Add") return checked(checked_add(a, b));
    if (op == "Mul") return checked(checked_mul(a, b));
    if (op == "Sub" && b != INT64_MIN) return checked(checked_add(a, -b));
    if (op == "Div" && b > 0) return constant(a / b);
    if (op == "Max") return constant(std::max(a, b));
    if (op == "Min") return constant(std::min(a, b));
    if (op == "Equal") return truth(a == b);
    if (op == "Greater") return truth(a > b);
    if (op == "Less") return truth(a < b);
    if (op == "GreaterOrEqual") return truth(a >= b);
    if (op == "LessOrEqual") return truth(a <= b);
    if (op == "And") return truth(a != 0 && b != 0);
    if (op == "Or") return truth(a != 0 || b != 0);
    return std::nullopt;
  }

  /// An extent that is not known is positive or 0.
  static MaybeSymbol open_element(const std::string& op, const Symbol& a, const Symbol& b) {
    const auto is = [](const Symbol& s, std::int64_t value) { return s.is_constant() && s.value == value; };
    if (op == "Add") return is(a, 0) ? MaybeSymbol(b) : is(b, 0) ? MaybeSymbol(a) : std::nullopt;
    if (op == "Sub") return is(b, 0) ? MaybeSymbol(a) : a == b ? MaybeSymbol(constant(0)) : std::nullopt;
    if (op == "Mul") return is(a, 1) ? MaybeSymbol(b) : is(b, 1) ? MaybeSymbol(a) : std::nullopt;
    if (op == "Div") return is(b, 1) ? MaybeSymbol(a) : std::nullopt;
    if ((op == "Max" || op == "Min") && a == b) return a;
    if (op == "Max" && (is(a, 0) || is(b, 0))) return is(a, 0) ? b : a;
    const bool never_equal = (a.is_constant() && a.value < 0) || (b.is_constant() && b.value < 0);
    if (op == "Equal" && (never_equal || a == b)) return constant(a == b ? 1 : 0);
    if ((op == "GreaterOrEqual" || op == "LessOrEqual") && a == b) return constant(1);
    if ((op == "Greater" || op == "Less") && a == b) return constant(0);
    return std::nullopt;
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

  void slice() {
    const Maybe data = shape(0);
    const auto starts = values_of(contents(1));
    const Maybe ends = contents(2);
    if (!data || !starts || !ends || ends->size() != starts->size()) return;
    std::vector<std::int64_t> axes(starts->size()), steps(starts->size(), 1);
    for (std::size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<std::int64_t>(i);
    if (input(3) != kAbsent) {
      const auto given = values_of(contents(3));
      if (!given || given->size() != axes.size()) return;
      axes = *given;
    }
    if (input(4) != kAbsent) {
      const auto given = values_of(contents(4));
      if (!given || given->size() != axes.size()) return;
      steps = *given;
    }
    SymbolList result = *data;
    Maybe part = contents(0);
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const auto axis = axis_of(axes[i], data->size());
      if (!axis) return;
      const MaybeSymbol &extent = (*data)[*axis], &end = (*ends)[i];
      result[*axis] = sliced(extent, (*starts)[i], end, steps[i], part);
      // Positions and masks are constants cut to the length of the text: a longer text than they have is refused where
      // it meets them.
      const bool of_constant = symbols_.draft_.constant(input(0)) != nullptr;
      if (of_constant && end && !end->is_constant() && (*starts)[i] == 0 && steps[i] == 1) result[*axis] = end;
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
    return constant(last - first);
  }

  void concat() {
    const Maybe first = shape(0);
    const auto axis = first ? axis_of(int_or("axis", 0), first->size()) : std::nullopt;
    if (!axis) return;
    SymbolList result = *first;
    SymbolList joined;
    bool has_contents = first->size() == 1;
    for (std::size_t i = 0; i < node_.inputs.size(); ++i) {
      const Maybe other = shape(i), values = contents(i);
      if (!other || other->size() != result.size()) return;
      if (i > 0) {
        const MaybeSymbol &a = result[*axis], &b = (*other)[*axis];
        result[*axis] = a && b ? sum(*a, *b) : MaybeSymbol();
        for (std::size_t d = 0; d < result.size(); ++d) {
          if (d != *axis && (!result[d] || !result[d]->is_constant()))
            result[d] = (*other)[d] ? (*other)[d] : result[d];
        }
      }
      has_contents = has_contents && values.has_value();
      if (has_contents) joined.insert(joined.end(), values->begin(), values->end());
    }
    known_.shape = result;
    if (has_contents) known_.contents = joined;
  }

  static MaybeSymbol sum(const Symbol& a, const Symbol& b) {
    if (a.is_constant() && b.is_constant()) return closed_element("Add", a.value, b.value);
    return open_element("Add", a, b);
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
        result.push_back(insert ? MaybeSymbol(constant(1)) : (*data)[next++]);
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
      if (reduced[i] && int_or("keepdims", 1) != 0) result.emplace_back(constant(1));
    }
    known_.shape = result;
  }

  const Symbols& symbols_;
  const DraftNode& node_;
  Symbols::Known known_;
};

void Symbols::learn_input(ValueIndex input, ValueIndex base, const Shape& declared) {
  SymbolList shape;
  for (int axis = 0; axis < 2; ++axis) {
    const std::int64_t extent = declared.size() == 2 ? declared[static_cast<std::size_t>(axis)] : -1;
    shape.emplace_back(extent >= 0 ? constant(extent) : Symbol{0, base, axis});
  }
  known_[input].shape = shape;
}

void Symbols::learn(const DraftNode& node) {
  if (node.outputs.empty() || node.outputs.front() == kAbsent) return;
  known_[node.outputs.front()] = SymbolRules(*this, node).run();
}

std::optional<SymbolList> Symbols::shape(ValueIndex value) const {
  if (const Constant* known = draft_.constant(value)) return constants(known->shape());
  const auto found = known_.find(value);
  return found == known_.end() ? std::nullopt : found->second.shape;
}

std::optional<SymbolList> Symbols::contents(ValueIndex value) const {
  if (const Constant* known = draft_.constant(value)) {
    if (known->shape().size() > 1 || known->size() > static_cast<std::int64_t>(kMaxContents)) return std::nullopt;
    if (known->dtype() == DType::kI64 || known->dtype() == DType::kI32) {
      return constants(ops::integers_of(known->values()));
    }
    if (known->dtype() != DType::kBool) return std::nullopt;
    SymbolList truths;
    for (std::int64_t i = 0; i < known->size(); ++i) {
      truths.emplace_back(constant(known->values().raw()[i] == std::byte{0} ? 0 : 1));
    }
    return truths;
  }
  const auto found = known_.find(value);
  return found == known_.end() ? std::nullopt : found->second.contents;
}

}  // namespace kerf::formats::onnx
