#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {
namespace {

/// X is [batch, length, heads * head_dim] or [batch, heads, length, head_dim].
struct Layout {
  std::int64_t batch = 0, length = 0, heads = 0, head_dim = 0;
  std::int64_t rotary_dim = 0;       ///< leading elements of a head that turn
  std::int64_t position_stride = 0;  ///< elements from a position to the next
  std::int64_t head_stride = 0;      ///< from a head to the next
  bool interleaved = false;          ///< pairs (2i, 2i + 1) turn, not (i, i + rotary_dim / 2)
};

Layout layout_of(const graph::Node& node, const Shape& x) {
  Layout layout;
  const std::int64_t heads = node.attributes.int_or("num_heads", 0);
  if (x.size() == 4) {
    layout = {.batch = x[0], .length = x[2], .heads = x[1], .head_dim = x[3]};
    layout.position_stride = x[3];
    layout.head_stride = x[2] * x[3];
  } else {
    if (heads <= 0 || x[2] % heads != 0) {
      mismatch(fmt::format("attribute num_heads: found {} for an input of shape {}", heads, to_string(x)));
    }
    layout = {.batch = x[0], .length = x[1], .heads = heads, .head_dim = x[2] / heads};
    layout.position_stride = x[2];
    layout.head_stride = layout.head_dim;
  }
  const std::int64_t rotary = node.attributes.int_or("rotary_embedding_dim", 0);
  layout.rotary_dim = rotary == 0 ? layout.head_dim : rotary;
  layout.interleaved = node.attributes.int_or("interleaved", 0) != 0;
  return layout;
}

void check_caches(Specs inputs, const Layout& layout) {
  const TensorSpec& cosine = expect_input(inputs, 1, "cos_cache", {DType::kF32});
  const TensorSpec& sine = expect_input(inputs, 2, "sin_cache", {DType::kF32});
  const std::int64_t half = layout.rotary_dim / 2;
  if (has_input(inputs, 3)) {
    expect_shape(expect_input(inputs, 3, "position_ids", {DType::kI64}), "position_ids", {layout.batch, layout.length});
    expect_rank(cosine, "cos_cache", 2);
    expect_shape(cosine, "cos_cache", {cosine.shape[0], half});
    if (cosine.shape[0] == 0) mismatch("input cos_cache: found no positions");
  } else {
    expect_shape(cosine, "cos_cache", {layout.batch, layout.length, half});
  }
  expect_shape(sine, "sin_cache", cosine.shape);
}

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 3, 4);
  const TensorSpec& x = expect_input(inputs, 0, "X", {DType::kF32});
  if (x.shape.size() != 3 && x.shape.size() != 4) {
    mismatch(fmt::format("input X: found shape {}, expected 3 or 4 dimensions", to_string(x.shape)));
  }
  const Layout layout = layout_of(node, x.shape);
  if (layout.rotary_dim < 0 || layout.rotary_dim > layout.head_dim || layout.rotary_dim % 2 != 0) {
    mismatch(fmt::format("attribute rotary_embedding_dim: found {}, expected an even number up to {}",
                         layout.rotary_dim, layout.head_dim));
  }
  check_caches(inputs, layout);
  return {{DType::kF32, x.shape}};
}

/// `sign`: 1 turns, -1 turns back.
void rotate_halves(const float* x, const float* cosine, const float* sine, float sign, std::int64_t half, float* y) {
#pragma omp simd
  for (std::int64_t i = 0; i < half; ++i) {
    const float a = x[i], b = x[i + half], s = sign * sine[i];
    y[i] = a * cosine[i] - b * s;
    y[i + half] = b * cosine[i] + a * s;
  }
}

void rotate_pairs(const float* x, const float* cosine, const float* sine, float sign, std::int64_t half, float* y) {
  for (std::int64_t i = 0; i < half; ++i) {
    const float a = x[2 * i], b = x[2 * i + 1], s = sign * sine[i];
    y[2 * i] = a * cosine[i] - b * s;
    y[2 * i + 1] = b * cosine[i] + a * s;
  }
}

void rotate_position(const Layout& layout, const float* x, const float* cosine, const float* sine, float sign,
                     float* y) {
  const std::int64_t half = layout.rotary_dim / 2, rest = layout.head_dim - layout.rotary_dim;
  for (std::int64_t h = 0; h < layout.heads; ++h, x += layout.head_stride, y += layout.head_stride) {
    (layout.interleaved ? rotate_pairs : rotate_halves)(x, cosine, sine, sign, half, y);
    std::copy(x + layout.rotary_dim, x + layout.rotary_dim + rest, y + layout.rotary_dim);
  }
}

/// `x` turned, or turned back. A position outside the caches takes the nearest one: position ids are checked when a
/// window is bound.
template <typename Context>
Tensor rotated(const Context& context, const Tensor& x, float sign) {
  const Layout layout = layout_of(context.node(), x.shape());
  const Tensor& cosines = context.input(1);
  const std::int64_t half = layout.rotary_dim / 2;
  const std::int64_t* positions = context.has_input(3) ? context.input(3).template data<std::int64_t>() : nullptr;
  Tensor y(DType::kF32, x.shape());
  const float* from = x.data<float>();
  const float* cosine = cosines.data<float>();
  const float* sine = context.input(2).template data<float>();
  float* to = y.data<float>();
  const std::int64_t batch_stride = layout.length * layout.heads * layout.head_dim;
  const std::int64_t width = std::max<std::int64_t>(1, layout.heads * layout.head_dim);
  for_ranges(layout.batch * layout.length, std::max<std::int64_t>(1, kElementGrain / width),
             [&](std::int64_t begin, std::int64_t end) {
               for (std::int64_t p = begin; p < end; ++p) {
                 const std::int64_t row =
                     positions == nullptr ? p : std::clamp<std::int64_t>(positions[p], 0, cosines.dim(0) - 1);
                 const std::int64_t at = p / layout.length * batch_stride + p % layout.length * layout.position_stride;
                 rotate_position(layout, from + at, cosine + row * half, sine + row * half, sign, to + at);
               }
             });
  return y;
}

void run(KernelContext& context) { context.output(0) = rotated(context, context.input(0), 1.0F); }

/// By X only: the angles are no parameters of a model.
void differentiate(DerivativeContext& context) {
  if (context.wants(0)) context.give(0, rotated(context, context.by_output(0), -1.0F));
}

}  // namespace

const OpInfo& rotary_embedding_op() {
  static const OpInfo info{.name = "RotaryEmbedding",
                           .domain = "",
                           .summary = "pairs of a head's elements turned by an angle that grows with the position",
                           .source = "https://onnx.ai/onnx/operators/onnx__RotaryEmbedding.html",
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
