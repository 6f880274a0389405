#include "formats/gguf/tensor_source.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "codec/block_codec.h"
#include "codec/float_codec.h"
#include "core/checked.h"
#include "core/error.h"
#include "core/strings.h"
#include "core/threads.h"
#include "formats/gguf/ggml_types.h"

namespace kerf::formats::gguf {
namespace {

/// Bytes that one thread reads and decodes at a time.
constexpr std::int64_t kSlabBytes = std::int64_t{1} << 20;

std::string source_label(const InputFile& file, const TensorInfo& info) {
  return fmt::format("{}: tensor {}", file.path(), quoted(info.name));
}

/// What every kind of tensor shares: lines of `line_values` values (the innermost dimension), `line_bytes` bytes each.
class FileSource : public graph::TensorSource {
 public:
  FileSource(std::shared_ptr<const InputFile> file, const TensorInfo& info, DType dtype)
      : TensorSource(dtype, info.shape, source_label(*file, info)),
        file_(std::move(file)),
        name_(info.name),
        offset_(info.offset),
        bytes_(info.bytes) {}

  std::uint64_t stored_bytes() const override { return bytes_; }

 protected:
  [[noreturn]] void fail(std::string message) const {
    throw_input(file_->path(), fmt::format("tensor {}", quoted(name_)), std::move(message));
  }

  /// Calls decode(first line, lines, bytes) for the lines [first, first + count), slab by slab, on several threads.
  template <typename Decode>
  void for_each_slab(std::int64_t first, std::int64_t count, std::int64_t line_bytes, Decode decode) const {
    const std::int64_t slab = std::max<std::int64_t>(kSlabBytes / line_bytes, 1);
    parallel_for(div_up(count, slab), [&](std::int64_t i) {
      const std::int64_t begin = first + i * slab;
      const std::int64_t lines = std::min(slab, first + count - begin);
      std::vector<std::byte> bytes(static_cast<std::size_t>(lines * line_bytes));
      file_->read(offset_ + static_cast<std::uint64_t>(begin * line_bytes), bytes);
      decode(begin, lines, std::span<const std::byte>(bytes));
    });
  }

  /// `first` is the index in the tensor of values[0].
  void check_finite(std::span<const float> values, std::int64_t first) const {
    const std::size_t bad = codec::first_non_finite(values);
    if (bad == values.size()) return;
    fail(fmt::format("found {} at index {}, expected finite values", values[bad],
                     first + static_cast<std::int64_t>(bad)));
  }

 private:
  std::shared_ptr<const InputFile> file_;
  std::string name_;
  std::uint64_t offset_, bytes_;
};

class FloatSource : public FileSource {
 public:
  using FileSource::FileSource;

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    const std::int64_t width = row_size();
    for_each_slab(first, count, width * static_cast<std::int64_t>(dtype_bytes(dtype())),
                  [&](std::int64_t begin, std::int64_t rows, std::span<const std::byte> bytes) {
                    float* to = out + (begin - first) * width;
                    const std::span<float> values(to, static_cast<std::size_t>(rows * width));
                    codec::decode_floats(dtype(), bytes, values);
                    check_finite(values, begin * width);
                  });
  }
};

class BlockSource : public FileSource {
 public:
  BlockSource(std::shared_ptr<const InputFile> file, const TensorInfo& info, const codec::BlockCodec& codec)
      : FileSource(std::move(file), info, codec::parse_scheme(codec.scheme_name).scale_dtype),
        codec_(codec),
        scheme_(codec::parse_scheme(codec.scheme_name)),
        cols_(info.shape.empty() ? 1 : info.shape.back()),
        lines_(numel(info.shape) / cols_),
        line_bytes_(cols_ / codec.block_size * codec.block_bytes) {}

  std::optional<codec::Scheme> scheme() const override { return scheme_; }

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    if (shape().size() < 2) fail("found a block type for one dimension, expected two or more");
    const std::int64_t lines_per_row = row_size() / cols_;
    const std::int64_t first_line = first * lines_per_row;
    for_each_slab(first_line, count * lines_per_row, line_bytes_,
                  [&](std::int64_t begin, std::int64_t lines, std::span<const std::byte> bytes) {
                    codec::QuantizedTensor slab = codec::make_quantized(scheme_, lines, cols_);
                    decode(bytes, 0, lines, slab);
                    float* to = out + (begin - first_line) * cols_;
                    codec::dequantize_rows(slab, 0, lines, to);
                    check_finite({to, static_cast<std::size_t>(lines * cols_)}, begin * cols_);
                  });
  }

  std::optional<codec::QuantizedTensor> read_quantized() const override {
    codec::QuantizedTensor tensor = codec::make_quantized(scheme_, lines_, cols_);
    for_each_slab(0, lines_, line_bytes_,
                  [&](std::int64_t begin, std::int64_t lines, std::span<const std::byte> bytes) {
                    decode(bytes, begin, lines, tensor);
                  });
    check_parameters(tensor.scales, "scale");
    check_parameters(tensor.minima, "minimum");
    return tensor;
  }

 private:
  void decode(std::span<const std::byte> bytes, std::int64_t row, std::int64_t lines,
              codec::QuantizedTensor& tensor) const {
    const auto line_bytes = static_cast<std::size_t>(line_bytes_);
    for (std::int64_t i = 0; i < lines; ++i) {
      codec_.decode_row(bytes.subspan(static_cast<std::size_t>(i) * line_bytes, line_bytes), row + i, tensor);
    }
  }

  void check_parameters(const std::vector<float>& values, std::string_view what) const {
    const std::size_t bad = codec::first_non_finite(values);
    if (bad == values.size()) return;
    fail(fmt::format("found a {} of {} in block {}, expected finite values", what, values[bad], bad));
  }

  const codec::BlockCodec& codec_;
  codec::Scheme scheme_;
  std::int64_t cols_, lines_, line_bytes_;
};

/// Listed, never read.
class UnreadableSource : public FileSource {
 public:
  UnreadableSource(std::shared_ptr<const InputFile> file, const TensorInfo& info)
      : FileSource(std::move(file), info, DType::kF16), type_(info.type) {}

  void read_rows(std::int64_t, std::int64_t, float*) const override {
    fail(fmt::format("found values of type {}, which this build cannot read", ggml_type_label(type_)));
  }

 private:
  std::uint32_t type_;
};

/// Another's values, each changed by a function. Always f32: no other type holds what comes out.
class MappedSource : public graph::TensorSource {
 public:
  MappedSource(graph::SourcePtr source, float (*function)(float))
      : TensorSource(DType::kF32, source->shape(), source->label()), source_(std::move(source)), function_(function) {}

  std::uint64_t stored_bytes() const override { return source_->stored_bytes(); }
  std::string stored_as() const override { return source_->stored_as(); }
  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    source_->read_rows(first, count, out);
    for (std::int64_t i = 0; i < count * row_size(); ++i) out[i] = function_(out[i]);
  }

 private:
  graph::SourcePtr source_;
  float (*function_)(float);
};

bool is_float(std::uint32_t type) {
  const GgmlType* known = find_ggml_type(type);
  return known != nullptr && known->dtype && is_floating(*known->dtype);
}

}  // namespace

graph::SourcePtr make_minus_one_source(graph::SourcePtr source) {
  return std::make_shared<MappedSource>(std::move(source), [](float stored) { return stored - 1.0F; });
}

graph::SourcePtr make_plus_one_source(graph::SourcePtr source) {
  return std::make_shared<MappedSource>(std::move(source), [](float w) { return 1.0F + w; });
}

graph::SourcePtr make_plus_minus_one_source(graph::SourcePtr source) {
  return make_minus_one_source(make_plus_one_source(std::move(source)));
}

bool is_readable(std::uint32_t ggml_type) {
  return is_float(ggml_type) || codec::find_block_codec(ggml_type) != nullptr;
}

graph::SourcePtr make_gguf_source(std::shared_ptr<const InputFile> file, const TensorInfo& info) {
  if (is_float(info.type)) {
    return std::make_shared<FloatSource>(std::move(file), info, *find_ggml_type(info.type)->dtype);
  }
  if (const codec::BlockCodec* codec = codec::find_block_codec(info.type)) {
    return std::make_shared<BlockSource>(std::move(file), info, *codec);
  }
  return std::make_shared<UnreadableSource>(std::move(file), info);
}

}  // namespace kerf::formats::gguf
