#include "codec/scheme.h"

#include <algorithm>

#include "codec/unknown_scheme.h"
#include "core/error.h"
#include "core/strings.h"

namespace kerf::codec {

#define X(id) const SchemeFamily& id##_family();
#include "codec/scheme_families.def"
#undef X

namespace {

std::optional<Scheme> find_scheme(std::string_view name) {
  const std::string lower_case_name = to_lower_ascii(name);
  for (const SchemeFamily* family : scheme_families()) {
    if (auto scheme = family->parse(lower_case_name)) return scheme;
  }
  return std::nullopt;
}

/// Runs of `size` that `count` is cut into, the last one shorter where it has to be.
std::int64_t parts(std::int64_t count, std::int64_t size) { return count / size + (count % size != 0 ? 1 : 0); }

}  // namespace

std::int64_t Scheme::groups(std::int64_t cols) const { return cuts_rows() ? parts(cols, group_size) : 1; }

std::int64_t Scheme::super_blocks(std::int64_t cols) const { return has_super_blocks() ? parts(cols, super.cols) : 0; }

std::int64_t Scheme::scale_rows(std::int64_t rows) const {
  if (granularity == Granularity::kBlock) return parts(rows, block_rows);
  return granularity == Granularity::kTensor ? 1 : rows;
}

std::int64_t Scheme::group_height(std::int64_t rows) const {
  if (granularity == Granularity::kBlock) return block_rows;
  return granularity == Granularity::kTensor ? rows : 1;
}

DType Scheme::float_scale_dtype() const {
  return scale_dtype == DType::kE8M0 || scale_dtype == DType::kF8E4M3 ? DType::kBF16 : scale_dtype;
}

const std::vector<const SchemeFamily*>& scheme_families() {
  static const std::vector<const SchemeFamily*> families{
#define X(id) &id##_family(),
#include "codec/scheme_families.def"
#undef X
  };
  return families;
}

std::vector<std::string> scheme_names() {
  std::vector<std::string> names;
  for (const SchemeFamily* family : scheme_families()) {
    for (const std::string& example : family->examples) {
      const std::string name = parse_scheme(example).name;
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

Scheme parse_scheme(std::string_view name) {
  auto scheme = find_scheme(name);
  if (!scheme) throw_usage(unknown_scheme(name));
  return *std::move(scheme);
}

std::optional<std::string> scale_dtype_refusal(const Scheme& scheme, DType scales) {
  if (!scheme.quantized() || scheme.fixed_scale_dtype) return std::nullopt;
  if (scales == DType::kF16 || scales == DType::kBF16 || scales == DType::kF32) return std::nullopt;
  const std::string with = scheme.name + " with scales of " + std::string(dtype_name(scales));
  if (scales != DType::kE8M0 && scales != DType::kF8E4M3) {
    return with + ": expected f16, bf16, f32, e8m0 or f8_e4m3";
  }
  if (scheme.offset == Offset::kMinimum) {
    return with + ": minima are of the scales' dtype, and none of 8 bits holds them; f16, bf16 and f32 do";
  }
  if (scales == DType::kF8E4M3 && scheme.granularity == Granularity::kTensor) {
    return with + ": they are multiples of a number of the tensor's own, which has but one scale; f16, bf16, f32 and " +
           "e8m0 make sense";
  }
  return std::nullopt;
}

Scheme with_scale_dtype(Scheme scheme, DType scales) {
  if (auto why = scale_dtype_refusal(scheme, scales)) throw_usage(std::move(*why));
  if (!scheme.quantized() || scheme.fixed_scale_dtype) return scheme;
  scheme.scale_dtype = scales;
  scheme.unit_by_tensor = scales == DType::kF8E4M3;
  return scheme;
}

}  // namespace kerf::codec
