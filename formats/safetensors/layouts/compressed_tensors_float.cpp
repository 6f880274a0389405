// The formats of compressed-tensors for 8-bit floats, "float-quantized" and "naive-quantized": weights with scales
// beside them.
#include <fmt/format.h>

#include "core/strings.h"
#include "formats/safetensors/layouts/compressed_tensors.h"
#include "formats/safetensors/layouts/scaled_floats.h"

namespace kerf::formats::safetensors::compressed_tensors {
namespace {

void check_weights(const JsonCursor& weights) {
  const std::string type = weights.string_or("type", "int");
  if (type != "float") weights.fail(fmt::format("found type {}, expected 'float' in this format", quoted(type)));
  if (weights.at("num_bits").as_int64() != 8) weights.at("num_bits").fail("expected 8");
  if (!weights.bool_or("symmetric", true)) weights.at("symmetric").fail("expected floats without zero points");
  const std::string strategy = weights.string_or("strategy", "tensor");
  if (strategy != "tensor" && strategy != "channel" && strategy != "block") {
    weights.at("strategy").fail(fmt::format("found {}, expected tensor, channel or block", quoted(strategy)));
  }
}

}  // namespace

bool has_float_weights(const JsonCursor& config) {
  const std::string format = config.string_or("format", "");
  if (format == kFloatFormat) return true;
  if (format != kNaiveFormat) return false;
  const auto groups = config.get("config_groups");
  if (!groups) return true;
  for (const auto& [name, value] : groups->as_object()) {
    const auto weights = groups->at(name).get("weights");
    if (weights && weights->string_or("type", "int") == "int") return false;
  }
  return true;
}

graph::SourceMap decode_floats(const JsonCursor& config, const StoredTensors& tensors) {
  check_nothing_else(config);
  std::optional<ScaleBlock> block;
  const JsonCursor groups = config.at("config_groups");
  for (const auto& [name, value] : groups.as_object()) {
    const JsonCursor weights = groups.at(name).at("weights");
    check_weights(weights);
    const auto own = read_scale_block(weights, "block_structure");
    if (block && own && (block->rows != own->rows || block->cols != own->cols)) {
      weights.at("block_structure").fail("differs from another group's, expected one for all");
    }
    if (own) block = own;
  }
  return decode_scaled_floats(config, tensors, block);
}

}  // namespace kerf::formats::safetensors::compressed_tensors
