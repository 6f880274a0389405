#include "formats/onnx/codes_source.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "codec/quantized_tensor.h"
#include "formats/safetensors/reader.h"

namespace kerf::formats::onnx {
namespace {

class CodesSource : public graph::TensorSource {
 public:
  explicit CodesSource(WeightCodes codes)
      : TensorSource(codes.scheme.scale_dtype, {codes.rows, codes.cols}, codes.label), codes_(std::move(codes)) {}

  std::optional<codec::Scheme> scheme() const override { return codes_.scheme; }
  std::uint64_t stored_bytes() const override { return codes_.stored_bytes; }

  std::optional<codec::QuantizedTensor> read_quantized() const override { return read_part(0, codes_.rows); }

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    const codec::QuantizedTensor part = read_part(first, count);
    codec::dequantize_rows(part, 0, count, out);
    safetensors::check_finite(std::span(out, part.codes.size()), static_cast<std::uint64_t>(first * codes_.cols),
                              shape(), label(), "");
  }

 private:
  codec::QuantizedTensor read_part(std::int64_t first, std::int64_t count) const {
    codec::QuantizedTensor part = codec::make_quantized(codes_.scheme, count, codes_.cols);
    codes_.read(first, count, part.codes.data());
    const bool shared = codes_.scheme.granularity == codec::Granularity::kTensor;
    const std::int64_t begin = shared ? 0 : first * part.groups();
    const Tensor scales = codes_.scales();
    std::copy_n(scales.data<float>() + begin, part.scales.size(), part.scales.begin());
    if (!part.zero_points.empty()) {
      const auto points = codes_.zero_points();
      std::copy_n(points.begin() + begin, part.zero_points.size(), part.zero_points.begin());
    }
    return part;
  }

  WeightCodes codes_;
};

}  // namespace

graph::SourcePtr make_codes_source(WeightCodes codes) { return std::make_shared<CodesSource>(std::move(codes)); }

codec::Scheme codes_scheme(int bits, std::int64_t group_size, bool per_tensor, bool zero_points, DType scale_dtype) {
  std::string name = fmt::format("int{}", bits);
  if (per_tensor) name += "-tensor";
  if (group_size > 0) name += fmt::format("-g{}", group_size);
  if (zero_points) name += "-asym";
  codec::Scheme scheme = codec::parse_scheme(name);
  scheme.scale_dtype = scale_dtype;
  return scheme;
}

}  // namespace kerf::formats::onnx
