#include <utility>

#include "formats/onnx/emitter.h"
#include "formats/onnx/lowerings/byte_matrix.h"
#include "formats/onnx/passes.h"

namespace kerf::formats::onnx {
namespace {

struct Product {
  int node = -1;  ///< the MatMulInteger, among the draft's nodes
  ValueIndex input_scale = kAbsent, weight_scale = kAbsent;
};

class Joiner {
 public:
  Joiner(Draft& draft, const std::string& file)
      : draft_(draft), emitter_(draft, file), readers_(count_readers(draft)) {}

  void join() {
    for (std::size_t n = 0; n < draft_.nodes.size(); ++n) {
      if (const auto product = match(draft_.nodes[n])) replace(draft_.nodes[n], *product);
    }
  }

 private:
  const DraftNode* made_by(ValueIndex value, std::string_view op) const {
    const DraftNode* node = draft_.producer(value);
    return node != nullptr && node->domain.empty() && node->op == op ? node : nullptr;
  }

  bool read_once(ValueIndex value) const { return readers_[static_cast<std::size_t>(value)] == 1; }

  /// Mul(Cast(MatMulInteger(a, b, ...)), Mul(scale of a, scale of b)), each Mul either way round.
  std::optional<Product> match(const DraftNode& scaled) const {
    if (scaled.op != "Mul" || !scaled.domain.empty() || scaled.inputs.size() != 2) return std::nullopt;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      const DraftNode* cast = made_by(scaled.inputs[i], "Cast");
      const DraftNode* scales = made_by(scaled.inputs[1 - i], "Mul");
      if (cast == nullptr || scales == nullptr || !read_once(scaled.inputs[i])) continue;
      const DraftNode* product = made_by(cast->inputs.front(), "MatMulInteger");
      if (product == nullptr || !read_once(cast->inputs.front()) || product->inputs.size() < 2) continue;
      if (draft_.constant(product->inputs[1]) == nullptr || draft_.constant(product->inputs[0]) != nullptr) continue;
      for (const std::size_t s : {std::size_t{0}, std::size_t{1}}) {
        const Constant* weight_scale = draft_.constant(scales->inputs[s]);
        if (weight_scale == nullptr || draft_.constant(scales->inputs[1 - s]) != nullptr) continue;
        return Product{draft_.value(cast->inputs.front()).producer, scales->inputs[1 - s], scales->inputs[s]};
      }
    }
    return std::nullopt;
  }

  void replace(DraftNode& scaled, const Product& found) {
    DraftNode& product = draft_.nodes[static_cast<std::size_t>(found.node)];
    const ValueIndex activation_points = product.inputs.size() > 2 ? product.inputs[2] : kAbsent;
    const Constant* points = product.inputs.size() > 3 ? draft_.constant(product.inputs[3]) : nullptr;
    if (product.inputs.size() > 3 && product.inputs[3] != kAbsent && points == nullptr) return;
    emitter_.set_place({product.name, product.op, product.scope, {}});
    // Copies: making constants moves the draft's values.
    const Constant codes = *draft_.constant(product.inputs[1]), scales = *draft_.constant(found.weight_scale);
    const std::optional<Constant> kept = points == nullptr ? std::nullopt : std::optional(*points);
    const auto matrix = byte_matrix(emitter_, codes, scales, kept ? &*kept : nullptr);
    if (!matrix) return;
    const ValueIndex weight = emitter_.node("Transpose", {*matrix}, {{"perm", std::vector<std::int64_t>{1, 0}}});
    const std::vector<NodeOrigin> origins = product.origins;
    product.op = "DequantizeLinear";
    product.inputs = {product.inputs[0], found.input_scale};
    if (activation_points != kAbsent) product.inputs.push_back(activation_points);
    draft_.value(product.outputs.front()).dtype = DType::kF32;
    scaled.op = "Linear";
    scaled.domain = graph::kKerfDomain;
    scaled.inputs = {product.outputs.front(), weight};
    scaled.scope = product.scope;
    scaled.origins.insert(scaled.origins.begin(), origins.begin(), origins.end());
  }

  Draft& draft_;
  Emitter emitter_;
  std::vector<int> readers_;
};

}  // namespace

void join_integer_products(Draft& draft, const std::string& file) { Joiner(draft, file).join(); }

}  // namespace kerf::formats::onnx
