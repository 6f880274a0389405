// The checkpoints of 8-bit floats that transformers, vLLM and DeepSeek publish: quant_method "fp8", with scales by
// block (weight_block_size), channel or tensor, and "fbgemm_fp8", with scales by channel. They are read, not written.
#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/safetensors/layouts/layout.h"
#include "formats/safetensors/layouts/scaled_floats.h"

namespace kerf::formats::safetensors {
namespace {

std::optional<std::string> refusal(const ModuleScheme& scheme, std::int64_t, std::int64_t) {
  if (!scheme.weights.quantized()) return std::nullopt;
  return "this layout of 8-bit floats is read, not written";
}

graph::SourceMap decode(const JsonCursor& config, const StoredTensors& tensors) {
  const std::string format = config.string_or("fmt", "e4m3");
  if (format != "e4m3" && format != "e5m2") {
    config.at("fmt").fail(fmt::format("found {}, expected e4m3 or e5m2", quoted(format)));
  }
  return decode_scaled_floats(config, tensors, read_scale_block(config, "weight_block_size"));
}

LayoutInfo read_only(std::string_view name, std::string_view summary) {
  return {.name = name,
          .summary = summary,
          .refusal = refusal,
          .plan = nullptr,
          .encode = nullptr,
          .config = nullptr,
          .decode = decode};
}

}  // namespace

const LayoutInfo& fp8_layout() {
  static const LayoutInfo layout = read_only("fp8", "8-bit floats with scales by block, channel or tensor; read only");
  return layout;
}

const LayoutInfo& fbgemm_fp8_layout() {
  static const LayoutInfo layout = read_only("fbgemm_fp8", "8-bit floats with scales by channel; read only");
  return layout;
}

}  // namespace kerf::formats::safetensors
