#pragma once

#include <string>
#include <vector>

#include "formats/onnx/draft.h"

namespace kerf::formats::onnx {

/// Leaves out the nodes that the output does not depend on.
void drop_unread(Draft& draft);
/// Linear, then Add of a constant vector: a Linear with a bias. Where several nodes read the product it stays.
void fold_biases(Draft& draft);

/// RMS norms and layer norms over the last axis in plain operators, as exporters below opset 17 write them: one node,
/// where a constant vector scales the result.
void fuse_norms(Draft& draft);

/// Integer products as quantizers write them (MatMulInteger of activations that were rounded before and a constant
/// matrix of bytes, Cast, Mul of both scales): a Linear of a quantized weight behind DequantizeLinear.
void join_integer_products(Draft& draft, const std::string& file);
/// QuantizeLinear and DequantizeLinear with one constant scale before a Linear: the Linear says so itself, where all
/// uses of its weight do.
void fold_roundings(Draft& draft);

/// Sums and products right behind what they read, so that results of many experts are not kept until the last one's.
void hasten_sums(Draft& draft);

/// How many nodes read each value; the output is read once more.
std::vector<int> count_readers(const Draft& draft);
/// Leaves out the nodes of which `gone` is true and numbers the others anew.
void remove_nodes(Draft& draft, const std::vector<bool>& gone);

}  // namespace kerf::formats::onnx
