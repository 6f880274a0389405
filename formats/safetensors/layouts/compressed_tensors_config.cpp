// The quantization_config of compressed-tensors, both ways. Keys as compressed_tensors/quantization/quant_config.py,
// quant_scheme.py and quant_args.py of the library define them.
#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/safetensors/layouts/compressed_tensors.h"

namespace kerf::formats::safetensors::compressed_tensors {
namespace {

using codec::Granularity;
using codec::Offset;

/// The release of compressed-tensors whose form of config this is (the first with a format in each group).
constexpr std::string_view kVersion = "0.12.0";
constexpr std::int64_t kMaxGroupSize = std::int64_t{1} << 30;

// Writing.

std::string_view strategy_name(Granularity granularity) {
  switch (granularity) {
    case Granularity::kTensor:
      return "tensor";
    case Granularity::kChannel:
      return "channel";
    case Granularity::kGroup:
      return "group";
    case Granularity::kBlock:
      return "block";
  }
  return "";
}

/// Rows and columns.
Json block_json(const codec::Scheme& scheme) {
  if (scheme.granularity != Granularity::kBlock) return Json();
  Json sizes = Json::array();
  sizes.push_back(scheme.block_rows);
  sizes.push_back(scheme.group_size);
  return sizes;
}

Json weights_json(const codec::Scheme& scheme) {
  const bool is_nvfp4 = float4_format(scheme) == kNvfp4Format;
  Json weights = Json::object();
  weights.set("actorder", nullptr);
  weights.set("block_structure", block_json(scheme));
  weights.set("dynamic", false);
  weights.set("group_size", scheme.granularity == Granularity::kGroup ? Json(scheme.group_size) : Json());
  weights.set("num_bits", scheme.bits);
  weights.set("observer", "minmax");
  weights.set("observer_kwargs", Json::object());
  if (!float4_format(scheme).empty()) {
    const std::string_view dtype = is_nvfp4 ? "torch.float8_e4m3fn" : "torch.uint8";
    weights.set("scale_dtype", dtype);
    weights.set("zp_dtype", dtype);
  }
  weights.set("strategy", is_nvfp4 ? "tensor_group" : strategy_name(scheme.granularity));
  weights.set("symmetric", scheme.offset == Offset::kSymmetric);
  weights.set("type", scheme.plain_integer() ? "int" : "float");
  return weights;
}

Json strings_json(const std::vector<std::string>& strings) {
  Json list = Json::array();
  for (const std::string& text : strings) list.push_back(text);
  return list;
}

Json group_json(const ConfigGroup& group) {
  Json json = Json::object();
  json.set("format", format_of({group.scheme, group.activations}));
  json.set("input_activations", activations_json(group.activations));
  json.set("output_activations", nullptr);
  json.set("targets", strings_json(group.targets));
  json.set("weights", weights_json(group.scheme));
  return json;
}

/// Modules of one scheme in a group each, in order of appearance. A group says nothing of its scales' dtype.
std::vector<ConfigGroup> group_modules(const std::vector<LayoutModules::Quantized>& modules) {
  std::vector<ConfigGroup> groups;
  for (const LayoutModules::Quantized& module : modules) {
    const ModuleScheme& scheme = module.scheme;
    const auto same = [&](const ConfigGroup& group) {
      return group.scheme.name == scheme.weights.name && group.activations == scheme.activations;
    };
    auto found = std::find_if(groups.begin(), groups.end(), same);
    if (found == groups.end()) {
      found = groups.insert(found, {.name = fmt::format("group_{}", groups.size()),
                                    .targets = {},
                                    .scheme = scheme.weights,
                                    .activations = scheme.activations});
    }
    found->targets.push_back(module.name);
  }
  return groups;
}

// Reading.

void expect_null(const JsonCursor& parent, std::string_view key, std::string_view what) {
  if (parent.has(key)) parent.at(key).fail(fmt::format("found {}, which kerf does not read", what));
}

/// {} counts as nothing.
void expect_empty(const JsonCursor& parent, std::string_view key, std::string_view what) {
  const auto child = parent.get(key);
  if (child && child->as_object().size() != 0) child->fail(fmt::format("found {}, which kerf does not read", what));
}

void check_format(const JsonCursor& format) {
  const std::string name = format.as_string();
  if (name != kPackFormat && name != kIntFormat && name != kNaiveFormat) {
    format.fail(fmt::format("found {}, expected {}, {}, {}, {}, {} or {}", quoted(name), kPackFormat, kIntFormat,
                            kFloatFormat, kNaiveFormat, kNvfp4Format, kMxfp4Format));
  }
}

/// Formats stand in each group, or once for all.
void check_formats(const JsonCursor& config, const JsonCursor& group) {
  if (const auto format = group.get("format")) return check_format(*format);
  check_format(config.at("format"));
}

std::string granularity_part(const JsonCursor& weights) {
  const std::int64_t group_size =
      weights.has("group_size") ? weights.at("group_size").as_int64_in(-1, kMaxGroupSize) : 0;
  // A group size alone implies the strategy; -1 stands for whole rows.
  const std::string_view implied = group_size > 0 ? "group" : group_size == -1 ? "channel" : "tensor";
  const std::string strategy = weights.string_or("strategy", std::string(implied));
  if (strategy == "tensor") return "-tensor";
  if (strategy == "channel") return "";
  if (strategy != "group")
    weights.at("strategy").fail(fmt::format("found {}, which kerf does not read", quoted(strategy)));
  if (group_size <= 0) weights.fail("strategy 'group' needs a positive group_size");
  return fmt::format("-g{}", group_size);
}

codec::Scheme parse_weights(const JsonCursor& weights) {
  if (weights.string_or("type", "int") != "int") weights.at("type").fail("kerf reads integer weights only");
  if (weights.has("dynamic") && weights.bool_or("dynamic", false))
    weights.at("dynamic").fail("weights cannot be dynamic");
  const std::int64_t bits = weights.has("num_bits") ? weights.at("num_bits").as_int64_in(2, 8) : 8;
  const std::string name =
      fmt::format("int{}{}{}", bits, granularity_part(weights), weights.bool_or("symmetric", true) ? "" : "-asym");
  try {
    return codec::parse_scheme(name);
  } catch (const Error&) {
    weights.fail(fmt::format("has the scheme {}, which kerf does not have", name));
  }
}

ConfigGroup parse_group(const JsonCursor& group, std::string name) {
  if (!group.json().is_object()) group.fail("kerf reads groups that spell out their scheme, not presets");
  ConfigGroup result{.name = std::move(name),
                     .targets = {},
                     .scheme = parse_weights(group.at("weights")),
                     .activations = parse_activations(group)};
  const JsonCursor targets = group.at("targets");
  for (std::size_t i = 0; i < targets.as_array().size(); ++i) result.targets.push_back(targets.at(i).as_string());
  return result;
}

}  // namespace

namespace {

/// The format of all groups, or "mixed-precision". Error(kUsage) for integers beside floats.
std::string_view common_format(const std::vector<ConfigGroup>& groups) {
  std::set<std::string_view> formats;
  for (const ConfigGroup& group : groups) formats.insert(format_of({group.scheme, group.activations}));
  for (const std::string_view format : {kFloatFormat, kNvfp4Format, kMxfp4Format}) {
    if (formats.size() > 1 && formats.contains(format)) {
      throw_usage(fmt::format("compressed-tensors: {} beside {} is not written; choose one of them for all layers",
                              format, *formats.begin() == format ? *formats.rbegin() : *formats.begin()));
    }
  }
  return formats.empty() ? kPackFormat : formats.size() == 1 ? *formats.begin() : kMixedFormat;
}

}  // namespace

bool ConfigGroup::names(const std::string& module) const {
  return std::find(targets.begin(), targets.end(), module) != targets.end();
}

Json make_config(const LayoutModules& modules) {
  std::vector<ConfigGroup> groups = group_modules(modules.quantized);
  const std::string_view format = common_format(groups);
  // With several groups every module is named: consumers that fuse modules (q, k and v) compare classes before names.
  if (groups.size() == 1) groups.front().targets = {"Linear"};
  Json group_list = Json::object();
  for (const ConfigGroup& group : groups) group_list.set(group.name, group_json(group));
  Json config = Json::object();
  config.set("config_groups", std::move(group_list));
  config.set("format", format);
  config.set("global_compression_ratio", nullptr);
  config.set("ignore", strings_json(modules.unquantized));
  config.set("kv_cache_scheme", nullptr);
  config.set("quant_method", kName);
  config.set("quantization_status", "compressed");
  config.set("version", kVersion);
  return config;
}

void check_nothing_else(const JsonCursor& config) {
  expect_null(config, "kv_cache_scheme", "a quantized KV cache");
  expect_empty(config, "sparsity_config", "sparsity");
  expect_empty(config, "transform_config", "transforms");
}

std::vector<ConfigGroup> parse_config(const JsonCursor& config) {
  check_nothing_else(config);
  std::vector<ConfigGroup> groups;
  const JsonCursor list = config.at("config_groups");
  for (const auto& [name, value] : list.as_object()) {
    const JsonCursor group = list.at(name);
    groups.push_back(parse_group(group, name));
    check_formats(config, group);
  }
  if (groups.empty()) list.fail("has no group");
  return groups;
}

}  // namespace kerf::formats::safetensors::compressed_tensors
