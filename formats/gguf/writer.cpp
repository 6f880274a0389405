#include "formats/gguf/writer.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "core/checked.h"
#include "core/error.h"
#include "core/strings.h"
#include "core/threads.h"
#include "formats/gguf/tensor_source.h"

namespace kerf::formats::gguf {
namespace {

/// Values of a float tensor that are in memory at a time.
constexpr std::int64_t kSlabValues = std::int64_t{4} << 20;
/// Of these, what one thread converts at a time.
constexpr std::int64_t kPartValues = std::int64_t{1} << 18;

struct Target {
  const Shape& shape;  ///< of one part
  const FileTensor& tensor;
  ContainerWriter& writer;

  [[noreturn]] void fail(std::string_view message) const {
    throw_usage(fmt::format("tensor {}: {}", quoted(tensor.name), message));
  }
  std::int64_t source_row(std::int64_t row) const {
    return tensor.rows.empty() ? row : tensor.rows[static_cast<std::size_t>(row)];
  }
};

void check_finite(const Target& target, std::span<const float> values, std::string_view what) {
  const std::size_t bad = codec::first_non_finite(values);
  if (bad == values.size()) return;
  target.fail(fmt::format("found a {} of {} at index {}, expected finite values", what, values[bad], bad));
}

void write_blocks(const Target& target, const codec::QuantizedTensor& tensor) {
  const codec::BlockCodec& block = *target.tensor.storage.block;
  const std::int64_t row_bytes = tensor.cols / block.block_size * block.block_bytes;
  const std::int64_t slab = std::max<std::int64_t>(kSlabValues / tensor.cols, 1);
  std::vector<std::byte> bytes(static_cast<std::size_t>(std::min(slab, tensor.rows) * row_bytes));
  for (std::int64_t first = 0; first < tensor.rows; first += slab) {
    const std::int64_t rows = std::min(slab, tensor.rows - first);
    parallel_for(rows, [&](std::int64_t i) {
      const auto at = static_cast<std::size_t>(i * row_bytes);
      block.encode_row(tensor, target.source_row(first + i),
                       std::span(bytes).subspan(at, static_cast<std::size_t>(row_bytes)));
    });
    target.writer.write(std::span<const std::byte>(bytes).first(static_cast<std::size_t>(rows * row_bytes)));
  }
}

void write_quantized(const Target& target, const codec::QuantizedTensor& tensor) {
  const Storage& storage = target.tensor.storage;
  const codec::Scheme& planned = target.tensor.scheme;
  if (storage.block == nullptr) target.fail("found codes, expected floats as planned");
  const std::int64_t cols = target.shape.back();
  if (!(tensor.scheme == planned) || tensor.cols != cols || tensor.rows != numel(target.shape) / cols) {
    target.fail(fmt::format("found codes of {} [{}, {}], expected {} {}", tensor.scheme.name, tensor.rows, tensor.cols,
                            planned.name, to_string(target.shape)));
  }
  check_finite(target, tensor.scales, "scale");
  check_finite(target, tensor.minima, "minimum");
  if (tensor.scheme.granularity == storage.scheme.granularity &&
      tensor.scheme.group_size == storage.scheme.group_size) {
    return write_blocks(target, tensor);
  }
  write_blocks(target, with_narrower_groups(tensor, storage.scheme));
}

/// The values as bytes; fails if one is not finite, or no longer is in a narrower type.
void encode_checked(const Target& target, std::span<const float> values, std::int64_t first,
                    std::span<std::byte> encoded) {
  check_finite(target, values, "value");
  const DType dtype = *target.tensor.storage.type->dtype;
  codec::encode_floats(dtype, values, encoded);
  std::vector<float> again(values.size());
  codec::decode_floats(dtype, encoded, again);
  const std::size_t bad = codec::first_non_finite(again);
  if (bad == again.size()) return;
  target.fail(fmt::format("found {} at index {}, which {} cannot hold", values[bad],
                          first + static_cast<std::int64_t>(bad), dtype_name(dtype)));
}

void read_permuted(const Target& target, const graph::TensorSource& source, std::int64_t first, std::int64_t count,
                   float* out) {
  if (target.tensor.rows.empty()) return source.read_rows(first, count, out);
  for (std::int64_t i = 0; i < count; ++i) {
    source.read_rows(target.source_row(first + i), 1, out + i * source.row_size());
  }
}

void write_floats(const Target& target, const graph::TensorSource& source) {
  if (target.tensor.storage.block != nullptr) target.fail("found floats, expected codes as planned");
  if (source.shape() != target.shape) {
    target.fail(fmt::format("found the shape {}, expected {}", to_string(source.shape()), to_string(target.shape)));
  }
  const DType dtype = *target.tensor.storage.type->dtype;
  const std::int64_t width = source.row_size();
  const std::int64_t slab = std::max<std::int64_t>(kSlabValues / width, 1);
  const std::int64_t part = std::max<std::int64_t>(kPartValues / width, 1);
  std::vector<std::byte> bytes;
  for (std::int64_t first = 0; first < source.rows(); first += slab) {
    const std::int64_t rows = std::min(slab, source.rows() - first);
    bytes.resize(static_cast<std::size_t>(rows * width) * dtype_bytes(dtype));
    parallel_for(div_up(rows, part), [&](std::int64_t i) {
      const std::int64_t begin = i * part, count = std::min(part, rows - begin);
      std::vector<float> values(static_cast<std::size_t>(count * width));
      read_permuted(target, source, first + begin, count, values.data());
      encode_checked(target, values, (first + begin) * width,
                     std::span(bytes).subspan(static_cast<std::size_t>(begin * width) * dtype_bytes(dtype),
                                              values.size() * dtype_bytes(dtype)));
    });
    target.writer.write(bytes);
  }
}

void write_tensor(const Target& target, const TensorData& data) {
  if (const auto* quantized = std::get_if<codec::QuantizedTensor>(&data)) {
    write_quantized(target, *quantized);
  } else if (const auto* tensor = std::get_if<Tensor>(&data)) {
    write_tensor(target, graph::make_memory_source(*tensor, target.tensor.name));
  } else {
    const graph::SourcePtr& source = std::get<graph::SourcePtr>(data);
    write_floats(target, target.tensor.plus_one ? *make_plus_one_source(source) : *source);
  }
}

/// Writes the tensors of a layout, of which the first is number `first` of the plan.
void write_layout(const GgufPlan& plan, const FileLayout& layout, std::size_t first, OutputFile& output,
                  const std::function<TensorData(std::size_t planned)>& data) {
  ContainerWriter writer(layout, output);
  for (std::size_t i = 0; i < layout.tensors.size(); ++i) {
    const FileTensor& tensor = plan.tensors[first + i];
    Shape shape = layout.tensors[i].shape;
    if (tensor.stack) shape.erase(shape.begin());
    const Target target{shape, tensor, writer};
    if (tensor.planned.empty()) write_tensor(target, tensor.values);
    for (const std::size_t planned : tensor.planned) write_tensor(target, data(planned));
    writer.finish_tensor();
  }
  writer.finish();
}

}  // namespace

std::uint64_t GgufPlan::total_bytes() const {
  std::uint64_t bytes = 0;
  for (const FileLayout& part : parts) bytes += part.total_bytes;
  return parts.empty() ? layout.total_bytes : bytes;
}

void write_gguf(const GgufPlan& plan, OutputFile& output, const std::function<TensorData(std::size_t planned)>& data) {
  write_layout(plan, plan.layout, 0, output, data);
}

void write_parts(const GgufPlan& plan, const std::function<std::unique_ptr<OutputFile>(std::int64_t number)>& create,
                 const std::function<TensorData(std::size_t planned)>& data) {
  std::size_t first = 0;
  for (std::size_t i = 0; i < plan.parts.size(); ++i) {
    const auto output = create(static_cast<std::int64_t>(i) + 1);
    write_layout(plan, plan.parts[i], first, *output, data);
    output->commit();
    first += plan.parts[i].tensors.size();
  }
}

}  // namespace kerf::formats::gguf
