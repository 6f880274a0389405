#include "formats/gguf/storage.h"

#include <utility>

#include <fmt/format.h>

#include "core/error.h"

namespace kerf::formats::gguf {
namespace {

using codec::Scheme;

/// Does a block of `stored` hold runs of `wanted`'s codes, its parameters repeated?
bool same_values(const Scheme& wanted, const Scheme& stored) {
  return wanted.scale_dtype == stored.scale_dtype && wanted.super == stored.super;
}

bool groups_suit(const Scheme& wanted, const Scheme& stored) {
  if (stored.granularity != codec::Granularity::kGroup) return wanted.granularity == stored.granularity;
  return wanted.granularity != codec::Granularity::kGroup || wanted.group_size % stored.group_size == 0;
}

std::string block_names() {
  std::string names;
  for (const codec::BlockCodec* block : codec::block_codecs()) {
    names += names.empty() ? "" : ", ";
    names += block->name;
    if (block->scheme_name != block->name) names += fmt::format(" ({})", block->scheme_name);
  }
  return names;
}

std::string no_block(const Scheme& scheme) {
  if (scheme.offset == codec::Offset::kZeroPoint) {
    return fmt::format("GGUF has no block with integer zero points ({}); it has {}", scheme.name, block_names());
  }
  return fmt::format("GGUF has no block for {}; it has {}", scheme.name, block_names());
}

using Choice = std::pair<Storage, std::optional<std::string>>;

Choice choose_float(DType dtype) {
  const GgmlType* type = find_ggml_type(dtype);
  if (type == nullptr) return {{}, fmt::format("GGUF holds f32, f16 and bf16 values, not {}", dtype_name(dtype))};
  Scheme scheme;
  scheme.name = type->name;
  scheme.kind = Scheme::Kind::kFloat;
  scheme.float_dtype = dtype;
  return {{type, nullptr, scheme}, std::nullopt};
}

Choice choose_block(const Scheme& scheme, std::int64_t cols) {
  std::optional<std::string> nearest;
  for (const codec::BlockCodec* block : codec::block_codecs()) {
    const Scheme stored = codec::parse_scheme(block->scheme_name);
    if (stored.kind != scheme.kind || stored.bits != scheme.bits || stored.offset != scheme.offset) continue;
    if (stored.levels != scheme.levels || stored.has_super_blocks() != scheme.has_super_blocks()) continue;
    if (!same_values(scheme, stored)) {
      nearest = fmt::format("GGUF's {} has scales of {}, not {}", block->name, dtype_name(stored.scale_dtype),
                            dtype_name(scheme.scale_dtype));
    } else if (!groups_suit(scheme, stored)) {
      nearest = fmt::format("GGUF's {} has a scale for {} columns, which do not divide groups of {}", block->name,
                            stored.group_size, scheme.group_size);
    } else if (cols % block->block_size != 0) {
      nearest =
          fmt::format("GGUF's {} needs rows of a multiple of {} columns, not {}", block->name, block->block_size, cols);
    } else {
      return {{find_ggml_type(block->ggml_type), block, stored}, std::nullopt};
    }
  }
  return {{}, nearest ? *nearest : no_block(scheme)};
}

Choice choose(const Scheme& scheme, std::int64_t cols) {
  switch (scheme.kind) {
    case Scheme::Kind::kKeep:
      return {{}, "the source's dtype must be given to hold a tensor as it is"};
    case Scheme::Kind::kFloat:
      return choose_float(scheme.float_dtype);
    case Scheme::Kind::kInteger:
    case Scheme::Kind::kTable:
      break;
  }
  return choose_block(scheme, cols);
}

}  // namespace

std::optional<std::string> refusal(const Scheme& scheme, std::int64_t, std::int64_t cols) {
  return choose(scheme, cols).second;
}

Storage storage_for(const Scheme& scheme, std::int64_t, std::int64_t cols) {
  auto [storage, reason] = choose(scheme, cols);
  if (reason) throw_usage(std::move(*reason));
  return storage;
}

codec::QuantizedTensor with_narrower_groups(const codec::QuantizedTensor& tensor, const Scheme& stored) {
  codec::QuantizedTensor result = codec::make_quantized(stored, tensor.rows, tensor.cols);
  result.codes = tensor.codes;
  const std::int64_t width = stored.group_width(tensor.cols);
  for (std::int64_t row = 0; row < tensor.rows; ++row) {
    for (std::int64_t group = 0; group < stored.groups(tensor.cols); ++group) {
      const auto from = static_cast<std::size_t>(tensor.group_index(row, group * width));
      const auto to = static_cast<std::size_t>(result.group_index(row, group * width));
      result.scales[to] = tensor.scales[from];
      if (!result.minima.empty()) result.minima[to] = tensor.minima[from];
    }
  }
  return result;
}

}  // namespace kerf::formats::gguf
