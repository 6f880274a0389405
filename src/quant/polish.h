#pragma once

#include "codec/quantized_tensor.h"
#include "core/tensor.h"

namespace kerf::quant {

/// Sweeps from gptq's codes: more than these change little.
constexpr int kPolishSweeps = 2;
/// Of the coupled descent, which has far to go: measured on a 29M Llama, int4-g32 has a KL divergence of 0.0126 before,
/// 0.0111 after 3 sweeps and 0.0109 after 8; int3-g64-asym 0.0504 after 8, 0.0500 after 16.
constexpr int kCoupledSweeps = 16;

/// Lowers the layer objective (w - v)^T H (w - v) of each row w of `target` [rows, cols], v its stored values, by
/// coordinate descent: in turns each code (QuantEase, Behdin et al. 2023, arXiv:2309.01885), each group's scale,
/// minimum and zero point, and each super-block's scale and minimum move to where the objective is least with all else
/// as it is, as far as the scheme can hold that. Only changes that lower it are made, so that it never rises. Stops
/// after `sweeps` turns over all columns. `hessian` [cols, cols] f32: symmetric, positive on its diagonal. Not for
/// per-tensor schemes, whose scale stays as it is. `held_zeros` [rows, cols]: where it is zero the stored value is zero
/// and stays so; null: nowhere.
void polish(const Tensor& target, const Tensor& hessian, codec::QuantizedTensor& tensor, int sweeps,
            const Tensor* held_zeros = nullptr);

/// The same for tr(C (W - V) H (W - V)^T): `curvature` C [rows, rows] f32, symmetric and positive on its diagonal, says
/// what errors of outputs cost together. Rows go one after another, as each changes what the others gain.
void polish_coupled(const Tensor& target, const Tensor& hessian, const Tensor& curvature,
                    codec::QuantizedTensor& tensor, int sweeps, const Tensor* held_zeros = nullptr);

/// Lowers the layer objective of float values [rows, cols] in the same way, each that is not zero going to where the
/// objective is least with all others as they are.
void descend(const Tensor& target, const Tensor& hessian, Tensor& values, int sweeps);

}  // namespace kerf::quant
