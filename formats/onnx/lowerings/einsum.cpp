#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/strings.h"
#include "formats/onnx/lowering.h"

namespace kerf::formats::onnx {
namespace {

using Ints = std::vector<std::int64_t>;

/// The axes of two operands by what becomes of them.
struct Roles {
  std::string batch, summed, left, right;  ///< letters: of both and kept; of both and summed; of one alone
};

bool is_plain(std::string_view term) {
  std::string sorted(term);
  std::sort(sorted.begin(), sorted.end());
  return std::all_of(term.begin(), term.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }) &&
         std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
}

bool has(std::string_view term, char letter) { return term.find(letter) != std::string_view::npos; }

/// nullopt if the equation is no product of matrices: a letter twice, an ellipsis, sums over one operand alone.
std::optional<Roles> roles_of(std::string_view a, std::string_view b, std::string_view result) {
  if (!is_plain(a) || !is_plain(b) || !is_plain(result)) return std::nullopt;
  Roles roles;
  for (const char letter : a) {
    if (has(b, letter)) {
      (has(result, letter) ? roles.batch : roles.summed).push_back(letter);
    } else if (has(result, letter)) {
      roles.left.push_back(letter);
    } else {
      return std::nullopt;
    }
  }
  for (const char letter : b) {
    if (has(a, letter)) continue;
    if (!has(result, letter)) return std::nullopt;
    roles.right.push_back(letter);
  }
  const std::size_t kept = roles.batch.size() + roles.left.size() + roles.right.size();
  return roles.summed.empty() || result.size() != kept ? std::nullopt : std::optional(roles);
}

ValueIndex ordered(Emitter& emitter, ValueIndex x, std::string_view from, std::string_view to) {
  if (from == to) return x;
  Ints order;
  for (const char letter : to) order.push_back(static_cast<std::int64_t>(from.find(letter)));
  return emitter.node("Transpose", {x}, {{"perm", order}});
}

/// Extents of the letters, each from the operand that has it: a vector.
ValueIndex extents(Emitter& emitter, const Call& call, std::string_view a, std::string_view b,
                   std::string_view letters) {
  std::vector<ValueIndex> parts;
  for (const char letter : letters) {
    const bool from_a = has(a, letter);
    const auto axis = static_cast<std::int64_t>((from_a ? a : b).find(letter));
    parts.push_back(emitter.node("Shape", {call.input(from_a ? 0 : 1)}, {{"start", axis}, {"end", axis + 1}}));
  }
  return emitter.node("Concat", parts, {{"axis", std::int64_t{0}}});
}

ValueIndex joined(Emitter& emitter, std::vector<ValueIndex> parts) {
  return emitter.node("Concat", std::move(parts), {{"axis", std::int64_t{0}}});
}

/// [batch..., first..., second...] -> [batch..., first, second], each group of letters one axis.
ValueIndex as_matrices(Emitter& emitter, const Call& call, ValueIndex x, std::string_view a, std::string_view b,
                       const Roles& roles, std::string_view first, std::string_view second) {
  if (first.size() == 1 && second.size() == 1) return x;
  const auto product = [&](std::string_view letters) {
    return letters.empty() ? emitter.integers({1})
                           : emitter.node("ReduceProd", {extents(emitter, call, a, b, letters), emitter.integers({0})});
  };
  std::vector<ValueIndex> shape;
  if (!roles.batch.empty()) shape.push_back(extents(emitter, call, a, b, roles.batch));
  shape.push_back(product(first));
  shape.push_back(product(second));
  return emitter.node("Reshape", {x, joined(emitter, shape)});
}

/// Products of matrices, as which a constant one is a weight; the rest stays.
std::vector<ValueIndex> lower(Emitter& emitter, const Call& call) {
  std::string equation = call.attributes.string_or("equation", "");
  std::erase(equation, ' ');
  const std::size_t arrow = equation.find("->"), comma = equation.find(',');
  const bool of_two = call.inputs.size() == 2 && call.input(0) != kAbsent && call.input(1) != kAbsent;
  const bool all_constant =
      of_two && emitter.constant(call.input(0)) != nullptr && emitter.constant(call.input(1)) != nullptr;
  if (of_two && !all_constant && arrow != std::string::npos && comma < arrow) {
    const std::string a = equation.substr(0, comma), b = equation.substr(comma + 1, arrow - comma - 1);
    const std::string result = equation.substr(arrow + 2);
    const auto roles = roles_of(a, b, result);
    if (roles && emitter.rank(call.input(0)).value_or(a.size()) == a.size() &&
        emitter.rank(call.input(1)).value_or(b.size()) == b.size()) {
      const Roles& r = *roles;
      const ValueIndex left = as_matrices(
          emitter, call, ordered(emitter, call.input(0), a, r.batch + r.left + r.summed), a, b, r, r.left, r.summed);
      const ValueIndex right = as_matrices(
          emitter, call, ordered(emitter, call.input(1), b, r.batch + r.summed + r.right), a, b, r, r.summed, r.right);
      Call matmul{.op = "MatMul", .domain = "", .inputs = {left, right}};
      ValueIndex y = find_lowering("", "MatMul")->lower(emitter, matmul).front();
      const std::string made = r.batch + r.left + r.right;
      if (r.left.size() != 1 || r.right.size() != 1) {
        // A result without axes is one number.
        y = made.empty() ? emitter.node("Reshape", {y, emitter.integers({})})
                         : emitter.node("Reshape", {y, extents(emitter, call, a, b, made)});
      }
      return {ordered(emitter, y, made, result)};
    }
  }
  return {emitter.node("Einsum", call.inputs, call.attributes)};
}

}  // namespace

const LoweringInfo& einsum_lowering() {
  static const LoweringInfo info{"Einsum", "", "MatMul or Linear where it is a product of matrices", lower};
  return info;
}

}  // namespace kerf::formats::onnx
