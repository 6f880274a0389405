// Rounded inputs in compressed-tensors: "input_activations" of a group in the config, and for static ones the tensors
// NAME.input_scale (one float) and NAME.input_zero_point (one signed byte) of each module.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/safetensors/layouts/compressed_tensors.h"
#include "formats/safetensors/layouts/scaled_floats.h"

namespace kerf::formats::safetensors::compressed_tensors {
namespace {

using Kind = codec::ActivationScheme::Kind;

std::string_view strategy_of(const codec::ActivationScheme& scheme) {
  if (!scheme.dynamic) return "tensor";
  return scheme.group_size > 0 ? "group" : "token";
}

/// "-dynamic", "-dynamic-g128" or "-static", as the names of activation schemes have it.
std::string range_part(const JsonCursor& input) {
  const std::string strategy = input.string_or("strategy", "tensor");
  const bool is_dynamic = input.bool_or("dynamic", false);
  if (!is_dynamic && strategy == "tensor") return "-static";
  if (is_dynamic && strategy == "token") return "-dynamic";
  if (is_dynamic && strategy == "group") {
    return fmt::format("-dynamic-g{}", input.at("group_size").as_int64_in(1, std::int64_t{1} << 30));
  }
  input.fail(
      fmt::format("found {} activations of strategy {}, expected dynamic ones by token or group, or static by "
                  "tensor",
                  is_dynamic ? "dynamic" : "static", quoted(strategy)));
}

float read_scale(const StoredTensor& stored) {
  const DType dtype = stored.entry.dtype;
  if (numel(stored.entry.shape) != 1 || (dtype != DType::kF32 && dtype != DType::kF16 && dtype != DType::kBF16)) {
    stored.fail(fmt::format("is {} of {}, expected one number of f32, f16 or bf16", to_string(stored.entry.shape),
                            dtype_name(dtype)));
  }
  float scale = 0;
  make_source(stored)->read_rows(0, 1, &scale);
  return scale;
}

int read_zero_point(const StoredTensor& stored) {
  if (numel(stored.entry.shape) != 1 || stored.entry.dtype != DType::kI8) {
    stored.fail(fmt::format("is {} of {}, expected one signed byte", to_string(stored.entry.shape),
                            dtype_name(stored.entry.dtype)));
  }
  std::int8_t value = 0;
  stored.read(0, std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

std::shared_ptr<const codec::ActivationQuantizer> static_quantizer(const codec::ActivationScheme& scheme,
                                                                   const std::string& module,
                                                                   const StoredTensor& weight,
                                                                   const StoredTensors& tensors) {
  const std::string name = module + std::string(kInputScale);
  const auto scale = tensors.find(name);
  if (scale == tensors.end())
    weight.fail(fmt::format("has no {} beside it, which static activations need", quoted(name)));
  codec::ActivationParams params{read_scale(scale->second), 0};
  const auto zero_point = tensors.find(module + std::string(kInputZeroPoint));
  if (zero_point != tensors.end()) params.zero_point = read_zero_point(zero_point->second);
  if (zero_point == tensors.end() && !scheme.symmetric) {
    weight.fail(fmt::format("has no {} beside it, which asymmetric activations need",
                            quoted(module + std::string(kInputZeroPoint))));
  }
  try {
    return codec::make_static_quantizer(scheme, params);
  } catch (const Error& error) {
    scale->second.fail(error.message());
  }
}

/// Makes the quantizers of modules, each dynamic scheme's once.
class Collector {
 public:
  explicit Collector(const StoredTensors& tensors) : tensors_(tensors) {}
  void add(const std::string& module, const StoredTensor& weight,
           const std::optional<codec::ActivationScheme>& scheme) {
    if (!scheme) return;
    auto& made = map_[module + std::string(kWeight)];
    if (!scheme->dynamic) {
      made = static_quantizer(*scheme, module, weight, tensors_);
      return;
    }
    auto& shared = dynamic_[scheme->name];
    if (shared == nullptr) shared = codec::make_dynamic_quantizer(*scheme);
    made = shared;
  }
  ActivationMap take() { return std::move(map_); }

 private:
  const StoredTensors& tensors_;
  std::map<std::string, std::shared_ptr<const codec::ActivationQuantizer>> dynamic_;
  ActivationMap map_;
};

/// The group of a module of 8-bit floats: one that names it, otherwise the only one there is, or any if all ask for the
/// same.
const ConfigGroup& float_group(const std::string& module, const std::vector<ConfigGroup>& groups,
                               const StoredTensor& weight) {
  for (const ConfigGroup& group : groups) {
    if (group.names(module)) return group;
  }
  const auto same = [&](const ConfigGroup& group) { return group.activations == groups.front().activations; };
  if (!std::all_of(groups.begin(), groups.end(), same)) {
    weight.fail("is named by none of config_groups, which ask for different activations");
  }
  return groups.front();
}

void add_floats(const JsonCursor& config, const StoredTensors& tensors, Collector& collector) {
  std::vector<ConfigGroup> groups;
  const JsonCursor list = config.at("config_groups");
  for (const auto& [name, value] : list.as_object()) {
    ConfigGroup group{.name = name, .targets = {}, .scheme = {}, .activations = parse_activations(list.at(name))};
    if (const auto targets = list.at(name).get("targets")) {
      for (std::size_t i = 0; i < targets->as_array().size(); ++i) group.targets.push_back(targets->at(i).as_string());
    }
    groups.push_back(std::move(group));
  }
  for (const auto& [name, tensor] : tensors) {
    if (!ends_with(name, kWeight) || find_scale(tensors, name) == nullptr) continue;
    const std::string module = name.substr(0, name.size() - kWeight.size());
    collector.add(module, tensor, float_group(module, groups, tensor).activations);
  }
}

}  // namespace

Json activations_json(const std::optional<codec::ActivationScheme>& scheme) {
  if (!scheme) return nullptr;
  Json input = Json::object();
  input.set("actorder", nullptr);
  input.set("block_structure", nullptr);
  input.set("dynamic", scheme->dynamic);
  input.set("group_size", scheme->group_size > 0 ? Json(scheme->group_size) : Json());
  input.set("num_bits", scheme->bits);
  input.set("observer", scheme->dynamic ? Json() : Json("minmax"));
  input.set("observer_kwargs", Json::object());
  input.set("strategy", strategy_of(*scheme));
  input.set("symmetric", scheme->symmetric);
  input.set("type", scheme->kind == Kind::kInteger ? "int" : "float");
  return input;
}

std::optional<codec::ActivationScheme> parse_activations(const JsonCursor& group) {
  if (group.has("output_activations")) {
    group.at("output_activations").fail("found quantized outputs, which kerf does not read");
  }
  const auto input = group.get("input_activations");
  if (!input) return std::nullopt;
  const std::string type = input->string_or("type", "int");
  if (type != "int" && type != "float") input->at("type").fail(fmt::format("found {}", quoted(type)));
  const std::int64_t bits = input->has("num_bits") ? input->at("num_bits").as_int64() : 8;
  if (type == "float" && bits != 8) input->at("num_bits").fail(fmt::format("found floats of {} bits", bits));
  const std::string name = fmt::format("{}{}{}", type == "float" ? "f8_e4m3" : fmt::format("int{}", bits),
                                       range_part(*input), input->bool_or("symmetric", true) ? "" : "-asym");
  try {
    return codec::parse_activation_scheme(name);
  } catch (const Error&) {
    input->fail(fmt::format("asks for activations of the scheme {}, which kerf does not have", name));
  }
}

ActivationMap read_activations(const JsonCursor& config, const StoredTensors& tensors) {
  if (float4_scheme(config)) return {};  // none: decode() refuses them
  Collector collector(tensors);
  if (has_float_weights(config)) {
    add_floats(config, tensors, collector);
    return collector.take();
  }
  const std::vector<ConfigGroup> groups = parse_config(config);
  for (const auto& [module, group] : assign_groups(groups, tensors)) {
    const auto packed = tensors.find(module + std::string(kPacked));
    const auto plain = tensors.find(module + std::string(kWeight));
    collector.add(module, packed != tensors.end() ? packed->second : plain->second, group->activations);
  }
  return collector.take();
}

}  // namespace kerf::formats::safetensors::compressed_tensors
