// The quantization_config of GPTQ, both ways. Keys as gptqmodel/quantization/config.py of GPTQModel has them;
// AutoGPTQ's quantize_config.json has fewer.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/safetensors/layouts/gptq.h"

namespace kerf::formats::safetensors::gptq {
namespace {

constexpr std::int64_t kMaxGroupSize = std::int64_t{1} << 30;

Settings settings_of(const codec::Scheme& scheme) {
  return {.bits = scheme.bits,
          .group_size = scheme.granularity == codec::Granularity::kGroup ? scheme.group_size : -1,
          .symmetric = scheme.offset == codec::Offset::kSymmetric};
}

/// A pattern that matches just this name, from its beginning to its end.
std::string pattern_of(std::string_view name) {
  std::string pattern = "^";
  for (const char c : name) {
    if (c == '.') pattern += '\\';
    pattern += c;
  }
  return pattern + "$";
}

Json settings_json(const Settings& settings) {
  Json json = Json::object();
  json.set("bits", settings.bits);
  json.set("group_size", settings.group_size);
  json.set("sym", settings.symmetric);
  return json;
}

/// What the most modules have.
Settings most_common(const std::vector<LayoutModules::Quantized>& modules) {
  std::vector<std::pair<Settings, int>> counts;
  for (const auto& module : modules) {
    const Settings settings = settings_of(module.scheme.weights);
    const auto known = std::find_if(counts.begin(), counts.end(), [&](const auto& c) { return c.first == settings; });
    if (known == counts.end()) {
      counts.emplace_back(settings, 1);
    } else {
      ++known->second;
    }
  }
  if (counts.empty()) return {};
  return std::max_element(counts.begin(), counts.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

/// Modules that differ from the others: what they have ("+:"), or that they stay ("-:").
Json dynamic_json(const LayoutModules& modules, const Settings& common) {
  Json dynamic = Json::object();
  for (const auto& module : modules.quantized) {
    const Settings settings = settings_of(module.scheme.weights);
    if (settings != common) dynamic.set("+:" + pattern_of(module.name), settings_json(settings));
  }
  for (const std::string& name : modules.unquantized) {
    // Heads are left out by themselves.
    if (name.find('.') != std::string::npos) dynamic.set("-:" + pattern_of(name), Json::object());
  }
  return dynamic;
}

bool has_head(const LayoutModules& modules) {
  return std::any_of(modules.quantized.begin(), modules.quantized.end(),
                     [](const auto& module) { return module.head; });
}

void check_format(const JsonCursor& config, std::string_view key) {
  const auto format = config.get(key);
  if (!format) return;
  const std::string name = format->as_string();
  if (name == kFormatV1 || name == kFormatV2) return;
  format->fail(fmt::format("found {}, which kerf does not read; it reads {} and {}, to which GPTQModel converts others",
                           quoted(name), kFormatV1, kFormatV2));
}

/// `base` with what the object says otherwise.
Settings read_settings(const JsonCursor& json, Settings base) {
  if (const auto bits = json.get("bits")) base.bits = static_cast<int>(bits->as_int64_in(2, 8));
  if (base.bits > 4 && base.bits < 8) json.fail(fmt::format("says {} bits, expected 2, 3, 4 or 8", base.bits));
  if (const auto size = json.get("group_size")) {
    base.group_size = size->as_int64_in(-1, kMaxGroupSize);
    if (base.group_size == 0) size->fail("found 0, expected -1 or a positive number");
  }
  base.symmetric = json.bool_or("sym", base.symmetric);
  return base;
}

}  // namespace

Json make_config(const LayoutModules& modules, std::string_view format) {
  const Settings common = most_common(modules.quantized);
  Json config = settings_json(common);
  config.set("desc_act", false);
  config.set("damp_percent", 0.01);
  config.set("static_groups", false);
  config.set("true_sequential", true);
  config.set("lm_head", has_head(modules));
  config.set("quant_method", kMethod);
  config.set("checkpoint_format", format);
  config.set("pack_dtype", "int32");
  Json dynamic = dynamic_json(modules, common);
  if (dynamic.as_object().size() > 0) config.set("dynamic", std::move(dynamic));
  Json meta = Json::object();
  Json quantizer = Json::array();
  quantizer.push_back("kerf");
  meta.set("quantizer", std::move(quantizer));
  config.set("meta", std::move(meta));
  return config;
}

bool is_v2(const JsonCursor& config) {
  for (const std::string_view key : {"checkpoint_format", "format"}) {
    if (const auto format = config.get(key)) return format->as_string() == kFormatV2;
  }
  return false;
}

std::vector<Settings> parse_settings(const JsonCursor& config) {
  check_format(config, "checkpoint_format");
  check_format(config, "format");
  if (config.bool_or("is_marlin_format", false)) {
    config.at("is_marlin_format").fail("found Marlin's own order of codes, which kerf does not read");
  }
  if (config.string_or("pack_dtype", "int32") != "int32") config.at("pack_dtype").fail("expected 'int32'");
  std::vector<Settings> settings = {read_settings(config, {})};
  const auto dynamic = config.get("dynamic");
  if (!dynamic) return settings;
  for (const auto& [pattern, value] : dynamic->as_object()) {
    // "-:" leaves modules alone; patterns are not evaluated: the tensors say what a module has.
    if (starts_with(pattern, "-:") || value.is_null() || value.is_bool()) continue;
    const Settings own = read_settings(dynamic->at(pattern), settings.front());
    if (std::find(settings.begin(), settings.end(), own) == settings.end()) settings.push_back(own);
  }
  return settings;
}

}  // namespace kerf::formats::safetensors::gptq
