#include "formats/onnx/patch/encode_job.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::formats::onnx {
namespace {

using Sink = std::function<void(std::size_t, std::span<const std::byte>)>;

constexpr std::int64_t kSlabValues = std::int64_t{1} << 20;

void encode_codes(const TensorJob& job, const PatchValues& values, const Sink& sink) {
  const auto quantized = values.source->read_quantized();
  if (!quantized) throw_machine(job.weight.name, "has no codes where they were planned");
  const TensorBytes bytes = job.form->encode(job.weight, *quantized);
  for (std::size_t p = 0; p < job.planned.size(); ++p) sink(p, bytes[job.parts[p]]);
}

void encode_floats(const TensorJob& job, const PatchValues& values, const Sink& sink) {
  const graph::SourcePtr source = job.turned ? graph::make_transposed_source(values.source) : values.source;
  const std::int64_t width = std::max<std::int64_t>(source->row_size(), 1);
  const std::int64_t step = std::max<std::int64_t>(kSlabValues / width, 1);
  for (std::int64_t first = 0; first < source->rows(); first += step) {
    const std::int64_t rows = std::min(step, source->rows() - first);
    std::vector<float> slab(static_cast<std::size_t>(rows * width));
    source->read_rows(first, rows, slab.data());
    sink(0, exact_floats(job.planned.front(), slab));
  }
}

void encode_range(const TensorJob& job, const std::function<PatchValues(std::size_t)>& values, const Sink& sink) {
  const codec::ActivationQuantizer* first = values(job.tensor).input;
  for (const std::size_t t : job.sharing) {
    const codec::ActivationQuantizer* input = values(t).input;
    if (input == nullptr || input->params().scale != first->params().scale ||
        input->params().zero_point != first->params().zero_point) {
      throw_machine(job.rounding.name, "products of one value round it by different ranges");
    }
  }
  const TensorBytes bytes = encode_rounding(job.rounding, first->params());
  for (std::size_t p = 0; p < bytes.size(); ++p) sink(p, bytes[p]);
}

}  // namespace

void encode_job(const TensorJob& job, const std::function<PatchValues(std::size_t)>& values, const Sink& sink) {
  switch (job.makes) {
    case TensorJob::Makes::kCodes:
      return encode_codes(job, values(job.tensor), sink);
    case TensorJob::Makes::kFloats:
      return encode_floats(job, values(job.tensor), sink);
    case TensorJob::Makes::kRounding:
      return encode_range(job, values, sink);
  }
}

}  // namespace kerf::formats::onnx
