#pragma once

#include <optional>
#include <utility>

#include "graph/tensor_source.h"

namespace kerf::test {

/// Codes of a weight, as a quantized checkpoint gives them.
class CodesSource : public graph::TensorSource {
 public:
  explicit CodesSource(codec::QuantizedTensor tensor)
      : TensorSource(tensor.scheme.scale_dtype, {tensor.rows, tensor.cols}, "codes"), tensor_(std::move(tensor)) {}

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    codec::dequantize_rows(tensor_, first, count, out);
  }
  std::optional<codec::QuantizedTensor> read_quantized() const override { return tensor_; }
  std::optional<codec::Scheme> scheme() const override { return tensor_.scheme; }

 private:
  codec::QuantizedTensor tensor_;
};

}  // namespace kerf::test
