#include "formats/gguf/rope.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::formats::gguf {
namespace {

/// config.json's rope parameters, under the name of transformers 5 or 4; nullopt if there are none. Where layers with
/// a window have their own, those of the others.
std::optional<JsonCursor> rope_parameters(const JsonCursor& config) {
  auto parameters = config.get("rope_parameters");
  if (!parameters) return config.get("rope_scaling");
  return parameters->has("full_attention") ? parameters->get("full_attention") : parameters;
}

std::string rope_type(const std::optional<JsonCursor>& parameters) {
  if (!parameters) return "default";
  return parameters->string_or("rope_type", parameters->string_or("type", "default"));
}

/// Llama 3.1's scaling as factors of the wavelengths, one for each rotated pair: 1 for short ones, `factor` for long
/// ones, a blend between. Source: llama.cpp, conversion/llama.py, generate_extra_tensors.
std::vector<float> llama3_factors(const JsonCursor& parameters, double theta, std::int64_t head_dim) {
  const double factor = parameters.at("factor").as_double();
  const double low = parameters.at("low_freq_factor").as_double();
  const double high = parameters.at("high_freq_factor").as_double();
  const double context = parameters.at("original_max_position_embeddings").as_double();
  if (!(factor > 0 && low > 0 && high > low && context > 0)) {
    parameters.fail("found parameters of rope type llama3 that are not positive and ordered");
  }
  std::vector<float> factors;
  for (std::int64_t i = 0; i < head_dim; i += 2) {
    const double wavelength =
        2 * std::numbers::pi * std::pow(theta, static_cast<double>(i) / static_cast<double>(head_dim));
    double value = 1;
    if (wavelength > context / low) {
      value = factor;
    } else if (wavelength >= context / high) {
      const double smooth = (context / wavelength - low) / (high - low);
      value = 1 / ((1 - smooth) / factor + smooth);
    }
    factors.push_back(static_cast<float>(value));
  }
  return factors;
}

std::vector<float> stored_factors(const JsonCursor& list, std::int64_t rotated) {
  std::vector<float> factors;
  for (std::size_t i = 0; i < list.as_array().size(); ++i)
    factors.push_back(static_cast<float>(list.at(i).as_double()));
  if (static_cast<std::int64_t>(factors.size()) != rotated / 2) {
    list.fail(fmt::format("found {} factors, expected {}", factors.size(), rotated / 2));
  }
  return factors;
}

/// Keys after "ARCHITECTURE.rope.".
constexpr std::string_view kRotated = "dimension_count", kBase = "freq_base", kScalingType = "scaling.type",
                           kScalingFactor = "scaling.factor", kOldFactor = "scale_linear",
                           kTrainedLength = "scaling.original_context_length", kAttentionFactor = "scaling.attn_factor",
                           kFinetuned = "scaling.finetuned";

std::string key_of(const Architecture& architecture, std::string_view rest) {
  return fmt::format("{}.rope.{}", architecture.name, rest);
}

/// original_max_position_embeddings of the parameters, or else of config.json.
std::int64_t trained_length(const JsonCursor& parameters, const JsonCursor& config, std::int64_t fallback) {
  constexpr std::string_view kKey = "original_max_position_embeddings";
  if (const auto own = parameters.get(kKey)) return own->as_int64_in(1, std::int64_t{1} << 31);
  if (const auto shared = config.get(kKey)) return shared->as_int64_in(1, std::int64_t{1} << 31);
  return fallback;
}

/// llama.cpp takes YaRN's ramp and factor of the scores from the paper, as transformers does unless it is told not to.
void write_yarn(const JsonCursor& parameters, const JsonCursor& config, const description::Hyperparameters& h,
                const Architecture& architecture, Metadata& metadata) {
  for (const char* key : {"attention_factor", "mscale", "mscale_all_dim"}) {
    if (parameters.has(key)) {
      throw_usage(fmt::format("found {} among the parameters of rope type yarn, which a GGUF file cannot say", key));
    }
  }
  if (parameters.double_or("beta_fast", 32) != 32 || parameters.double_or("beta_slow", 1) != 1 ||
      !parameters.bool_or("truncate", true)) {
    throw_usage(
        "found beta_fast, beta_slow or truncate of rope type yarn other than 32, 1 and true, which kerf does "
        "not write into GGUF");
  }
  const std::int64_t trained = trained_length(parameters, config, h.context_length);
  const double factor =
      parameters.double_or("factor", static_cast<double>(h.context_length) / static_cast<double>(trained));
  metadata.set(key_of(architecture, kScalingType), std::string("yarn"));
  metadata.set(key_of(architecture, kScalingFactor), static_cast<float>(factor));
  metadata.set(key_of(architecture, kTrainedLength), static_cast<std::uint32_t>(trained));
}

/// The factor of cosines and sines. Source: transformers, modeling_rope_utils.py; llama.cpp, conversion/phi.py.
double longrope_attention_factor(const JsonCursor& parameters, std::int64_t context, std::int64_t trained) {
  if (const auto own = parameters.get("attention_factor")) return own->as_double();
  const double stretch = static_cast<double>(context) / static_cast<double>(trained);
  return stretch <= 1 ? 1.0 : std::sqrt(1 + std::log(stretch) / std::log(static_cast<double>(trained)));
}

std::vector<RopeFactors> write_longrope(const JsonCursor& parameters, const JsonCursor& config,
                                        const description::Hyperparameters& h, const Architecture& architecture,
                                        Metadata& metadata) {
  const std::int64_t trained = trained_length(parameters, config, 0);
  if (trained == 0)
    throw_usage("rope type longrope: found no original_max_position_embeddings, which a GGUF file needs");
  metadata.set(key_of(architecture, kTrainedLength), static_cast<std::uint32_t>(trained));
  metadata.set(key_of(architecture, kAttentionFactor),
               static_cast<float>(longrope_attention_factor(parameters, h.context_length, trained)));
  return {{kLongFactorsName, stored_factors(parameters.at("long_factor"), h.rotary_dim)},
          {kShortFactorsName, stored_factors(parameters.at("short_factor"), h.rotary_dim)}};
}

/// The type is linear unless the file says otherwise; files of 2023 have the factor under its first name. Source:
/// llama.cpp, src/llama-model.cpp, load_hparams.
double read_factor(const MetadataReader& metadata, const Architecture& architecture) {
  for (const std::string_view name : {kScalingFactor, kOldFactor}) {
    const std::string key = key_of(architecture, name);
    const auto factor = metadata.number(key);
    if (!factor) continue;
    if (!(*factor > 0)) metadata.fail(key, fmt::format("found {}, expected a positive number", *factor));
    return *factor;
  }
  return 1;
}

/// A factor by which the head's size, rounded down, gives the count.
double part_of(std::int64_t rotated, std::int64_t head_dim) {
  const auto size = static_cast<double>(head_dim);
  const double part = static_cast<double>(rotated) / size;
  return static_cast<std::int64_t>(size * part) == rotated ? part : std::nextafter(part, 1.0);
}

Json to_json(const std::vector<float>& values) {
  Json list = Json::array();
  for (const float value : values) list.push_back(static_cast<double>(value));
  return list;
}

const std::vector<float>* find_factors(const std::vector<RopeFactors>& factors, std::string_view name) {
  for (const RopeFactors& one : factors) {
    if (one.name == name) return &one.values;
  }
  return nullptr;
}

std::int64_t read_trained_length(const MetadataReader& metadata, const Architecture& architecture) {
  const std::string key = key_of(architecture, kTrainedLength);
  const auto trained = metadata.integer_in(key, 1, std::int64_t{1} << 31);
  if (!trained) metadata.fail(key, "found no such key, which the file's rope needs");
  return *trained;
}

void read_longrope(const MetadataReader& metadata, const Architecture& architecture,
                   const std::vector<RopeFactors>& factors, Json& rope) {
  const auto *const longs = find_factors(factors, kLongFactorsName), *const shorts =
                                                                         find_factors(factors, kShortFactorsName);
  if (longs == nullptr || shorts == nullptr) {
    throw_input(metadata.file(), fmt::format("tensor '{}'", longs == nullptr ? kLongFactorsName : kShortFactorsName),
                "found no such tensor, expected both or neither of the factors for long and for short texts");
  }
  rope.set("rope_type", "longrope");
  rope.set("long_factor", to_json(*longs));
  rope.set("short_factor", to_json(*shorts));
  rope.set("original_max_position_embeddings", read_trained_length(metadata, architecture));
  const std::string key = key_of(architecture, kAttentionFactor);
  const double attention = metadata.number(key).value_or(1.0);
  if (!(attention > 0)) metadata.fail(key, fmt::format("found {}, expected a positive number", attention));
  rope.set("attention_factor", attention);
}

void read_type(const MetadataReader& metadata, const Architecture& architecture, Json& rope) {
  const std::string key = key_of(architecture, kScalingType);
  const std::string type = metadata.text(key).value_or("linear");
  const double factor = read_factor(metadata, architecture);
  if (type != "none" && type != "linear" && type != "yarn") {
    metadata.fail(key, fmt::format("found {}, expected 'none', 'linear' or 'yarn'", quoted(type)));
  }
  if (type == "yarn") {
    rope.set("rope_type", "yarn");
    rope.set("factor", factor);
    rope.set("original_max_position_embeddings", read_trained_length(metadata, architecture));
  } else if (type == "linear" && factor != 1.0) {
    rope.set("rope_type", "linear");
    rope.set("factor", factor);
  } else {
    rope.set("rope_type", "default");
  }
}

}  // namespace

std::vector<RopeFactors> write_rope(const description::Model& model, const Architecture& architecture,
                                    Metadata& metadata) {
  const description::Hyperparameters& h = model.hyperparameters;
  if (architecture.rotation == Rotation::kWhole && h.rotary_dim != h.head_dim) {
    throw_usage(fmt::format("found {} rotated dimensions of {} in a head: GGUF's {} architecture rotates all of them",
                            h.rotary_dim, h.head_dim, architecture.name));
  }
  metadata.set(key_of(architecture, kRotated), static_cast<std::uint32_t>(h.rotary_dim));
  metadata.set(key_of(architecture, kBase), static_cast<float>(h.rope_theta));
  const JsonCursor config(model.config, "config.json");
  const auto parameters = rope_parameters(config);
  const std::string type = rope_type(parameters);
  const auto& known = architecture.rope_types;
  if (std::find(known.begin(), known.end(), type) == known.end()) {
    throw_usage(fmt::format("found rope type {}: GGUF's {} architecture holds {}", quoted(type), architecture.name,
                            fmt::join(known, ", ")));
  }
  if (type == "linear") {
    metadata.set(key_of(architecture, kScalingType), std::string("linear"));
    metadata.set(key_of(architecture, kScalingFactor), static_cast<float>(parameters->at("factor").as_double()));
  }
  if (type == "yarn") write_yarn(*parameters, config, h, architecture, metadata);
  if (type == "longrope" || type == "su") return write_longrope(*parameters, config, h, architecture, metadata);
  if (type == "llama3") return {{kRopeFactorsName, llama3_factors(*parameters, h.rope_theta, h.rotary_dim)}};
  if (type == "freq_factors") return {{kRopeFactorsName, stored_factors(parameters->at("factors"), h.rotary_dim)}};
  return {};
}

bool is_rope_key(std::string_view rest) {
  constexpr std::string_view kPrefix = "rope.";
  if (!starts_with(rest, kPrefix)) return false;
  rest.remove_prefix(kPrefix.size());
  constexpr std::array kKeys{kRotated,   kBase,          kScalingType,     kScalingFactor,
                             kOldFactor, kTrainedLength, kAttentionFactor, kFinetuned};
  return std::find(kKeys.begin(), kKeys.end(), rest) != kKeys.end();
}

std::int64_t read_rotated(const MetadataReader& metadata, const Architecture& architecture, std::int64_t head_dim) {
  const std::string key = key_of(architecture, kRotated);
  const std::int64_t rotated = metadata.integer(key).value_or(head_dim);
  if (architecture.rotation == Rotation::kWhole && rotated != head_dim) {
    metadata.fail(key, fmt::format("found {}, expected the head's {} dimensions", rotated, head_dim));
  }
  if (rotated <= 0 || rotated > head_dim || rotated % 2 != 0) {
    metadata.fail(key, fmt::format("found {}, expected an even number of up to {}", rotated, head_dim));
  }
  return rotated;
}

Json read_rope(const MetadataReader& metadata, const Architecture& architecture, std::int64_t head_dim,
               const std::vector<RopeFactors>& factors) {
  const std::int64_t rotated = read_rotated(metadata, architecture, head_dim);
  const std::string base_key = key_of(architecture, kBase);
  const double base = metadata.number(base_key).value_or(10000.0);
  if (!(base > 0)) metadata.fail(base_key, fmt::format("found {}, expected a positive number", base));

  Json rope = Json::object();
  rope.set("rope_theta", base);
  if (architecture.rotation == Rotation::kPartial) {
    rope.set("partial_rotary_factor", part_of(rotated, head_dim));
  }
  const auto attention = metadata.number(key_of(architecture, kAttentionFactor));
  const std::vector<float>* all = find_factors(factors, kRopeFactorsName);
  if (all == nullptr && !factors.empty()) {
    read_longrope(metadata, architecture, factors, rope);
  } else if (attention.value_or(1.0) != 1.0) {
    metadata.fail(key_of(architecture, kAttentionFactor),
                  fmt::format("found {} without factors for long and for short texts", *attention));
  } else if (all == nullptr) {
    read_type(metadata, architecture, rope);
  } else {
    if (factors.size() > 1 || metadata.text(key_of(architecture, kScalingType)).value_or("linear") == "yarn" ||
        read_factor(metadata, architecture) != 1.0) {
      metadata.fail(key_of(architecture, kScalingFactor),
                    "found another scaling beside rope_freqs.weight, expected one of them");
    }
    rope.set("rope_type", "freq_factors");
    rope.set("factors", to_json(*all));
  }
  return rope;
}

}  // namespace kerf::formats::gguf
