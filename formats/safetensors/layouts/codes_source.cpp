#include "formats/safetensors/layouts/codes_source.h"

#include <algorithm>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "codec/grid.h"
#include "core/strings.h"
#include "formats/safetensors/layouts/module_parts.h"

namespace kerf::formats::safetensors {

CodesSource::CodesSource(CodesModule module, codec::Scheme scheme)
    : TensorSource(is_floating(scheme.scale_dtype) ? scheme.scale_dtype : DType::kF32, {module.rows, module.cols},
                   fmt::format("{}: tensor {}", module.codes.file->path(), quoted(module.name + ".weight"))),
      module_(std::move(module)),
      scheme_(std::move(scheme)) {}

std::optional<codec::Scheme> CodesSource::scheme() const {
  if (module_.values_only || !module_.column_groups.empty()) return std::nullopt;
  return scheme_;
}

std::string CodesSource::stored_as() const {
  return module_.column_groups.empty() ? scheme_.name : scheme_.name + " (act-order)";
}

std::int64_t CodesSource::slab_rows() const {
  return std::max<std::int64_t>(1, (std::int64_t{1} << 20) / module_.cols);
}

std::optional<codec::QuantizedTensor> CodesSource::read_quantized() const {
  if (!scheme()) return std::nullopt;
  codec::QuantizedTensor weight = codec::make_quantized(scheme_, module_.rows, module_.cols);
  for (std::int64_t row = 0; row < module_.rows; row += slab_rows()) {
    read_codes(row, std::min(slab_rows(), module_.rows - row), weight.codes.data() + row * module_.cols);
  }
  read_parameters(0, module_.rows, weight);
  return weight;
}

void CodesSource::read_rows(std::int64_t first, std::int64_t count, float* out) const {
  for (std::int64_t done = 0; done < count; done += slab_rows()) {
    const std::int64_t rows = std::min(slab_rows(), count - done);
    codec::QuantizedTensor slab = codec::make_quantized(scheme_, rows, module_.cols);
    read_codes(first + done, rows, slab.codes.data());
    read_parameters(first + done, rows, slab);
    float* values = out + done * module_.cols;
    dequantize(slab, values);
    // Finite scales can still overflow when multiplied.
    check_finite(std::span(values, slab.codes.size()), static_cast<std::uint64_t>((first + done) * module_.cols),
                 shape(), module_.codes.file->path(), module_.codes.place());
  }
}

void CodesSource::dequantize(const codec::QuantizedTensor& slab, float* out) const {
  if (module_.column_groups.empty()) return codec::dequantize_rows(slab, 0, slab.rows, out);
  for (std::int64_t row = 0; row < slab.rows; ++row) {
    for (std::int64_t col = 0; col < slab.cols; ++col) {
      const codec::GroupParams params =
          codec::get_params(slab, row * slab.groups() + module_.column_groups[static_cast<std::size_t>(col)]);
      const std::int64_t at = row * slab.cols + col;
      out[at] = params.scale * (static_cast<float>(slab.codes[static_cast<std::size_t>(at)]) - params.zero);
    }
  }
}

std::vector<std::int32_t> column_groups(const StoredTensor& index, const codec::Scheme& scheme, std::int64_t cols) {
  std::vector<std::int32_t> groups = read_integers(index);
  const std::int64_t count = scheme.groups(cols), width = scheme.group_width(cols);
  bool is_plain = true;
  for (std::size_t col = 0; col < groups.size(); ++col) {
    if (groups[col] < 0 || groups[col] >= count) {
      index.fail(fmt::format("puts column {} into group {}, expected 0 to {}", col, groups[col], count - 1));
    }
    is_plain = is_plain && groups[col] == static_cast<std::int64_t>(col) / width;
  }
  if (is_plain) groups.clear();
  return groups;
}

}  // namespace kerf::formats::safetensors
