#pragma once

#include "ops/op.h"

namespace kerf::ops {

/// The derivative rule of the attention operator: by q, k, v and bias. With probabilities P and scores S of one head:
/// dL/dv = P^T dL/dout; dL/dP = dL/dout v^T; dL/dS = P (dL/dP - sum_keys P dL/dP); a soft cap's slope is
/// 1 - tanh^2; dL/dq = scale dL/dS k; dL/dk = scale dL/dS^T q.
void differentiate_attention(DerivativeContext& context);

}  // namespace kerf::ops
