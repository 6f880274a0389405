#include "formats/onnx/symbol_rules.h"

#include <map>
#include <set>
#include <string_view>

#include "formats/onnx/node_symbols.h"

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

}  // namespace

Symbols::Known NodeSymbols::run() {
  if (node_.op == "Split" && node_.domain.empty()) split();
  // One scale and one zero point.
  if (output_ > 0 && node_.op == "DynamicQuantizeLinear") known_.shape = SymbolList();
  if (output_ > 0) return known_;
  if (node_.domain == graph::kKerfDomain && node_.op == "Linear") linear();
  if (!node_.domain.empty() || node_.inputs.empty() || node_.inputs.front() == kAbsent) return known_;
  if (same_shape_ops().contains(node_.op)) known_.shape = shape(0);
  if (broadcasting_ops().contains(node_.op)) elementwise();
  static const std::map<std::string_view, void (NodeSymbols::*)()> rules = {
      {"Shape", &NodeSymbols::shape_of},
      {"Gather", &NodeSymbols::gather},
      {"Slice", &NodeSymbols::slice},
      {"Concat", &NodeSymbols::concat},
      {"Unsqueeze", &NodeSymbols::unsqueeze},
      {"Squeeze", &NodeSymbols::squeeze},
      {"Reshape", &NodeSymbols::reshape},
      {"Transpose", &NodeSymbols::transpose},
      {"Expand", &NodeSymbols::expand},
      {"Pad", &NodeSymbols::pad},
      {"Tile", &NodeSymbols::tile},
      {"MatMul", &NodeSymbols::matmul},
      {"MatMulInteger", &NodeSymbols::matmul},
      {"Range", &NodeSymbols::range},
      {"GatherElements", &NodeSymbols::gather_elements},
      {"GatherND", &NodeSymbols::gather_nd},
      {"Cast", &NodeSymbols::cast},
      {"Not", &NodeSymbols::negate},
      {"Size", &NodeSymbols::size},
      {"Conv", &NodeSymbols::convolution},
      {"ConvTranspose", &NodeSymbols::pool},
      {"MaxPool", &NodeSymbols::pool},
      {"AveragePool", &NodeSymbols::pool},
      {"DFT", &NodeSymbols::transform}};
  if (const auto rule = rules.find(node_.op); rule != rules.end()) (this->*rule->second)();
  if (node_.op.starts_with("Reduce")) reduce();
  if (known_.contents && known_.contents->size() > kMaxContents) known_.contents.reset();
  return known_;
}

Symbols::Known apply_symbol_rules(const Symbols& symbols, const Draft& draft, const DraftNode& node,
                                  std::size_t output) {
  return NodeSymbols(symbols, draft, node, output).run();
}

}  // namespace kerf::formats::onnx
