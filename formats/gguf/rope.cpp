#include "formats/gguf/rope.h"

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::formats::gguf {
namespace {

/// config.json's rope parameters, under the name of transformers 5 or 4; nullopt if there are none.
std::optional<JsonCursor> rope_parameters(const JsonCursor& config) {
  if (auto parameters = config.get("rope_parameters")) return parameters;
  return config.get("rope_scaling");
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

std::vector<float> stored_factors(const JsonCursor& parameters, std::int64_t head_dim) {
  const JsonCursor list = parameters.at("factors");
  std::vector<float> factors;
  for (std::size_t i = 0; i < list.as_array().size(); ++i)
    factors.push_back(static_cast<float>(list.at(i).as_double()));
  if (static_cast<std::int64_t>(factors.size()) != head_dim / 2) {
    list.fail(fmt::format("found {} factors, expected {}", factors.size(), head_dim / 2));
  }
  return factors;
}

std::string key_of(const Architecture& architecture, std::string_view rest) {
  return fmt::format("{}.rope.{}", architecture.name, rest);
}

/// The type is linear unless the file says none; files of 2023 have the factor under its first name. Source: llama.cpp,
/// src/llama-model.cpp, load_hparams.
double read_linear_factor(const MetadataReader& metadata, const Architecture& architecture) {
  const std::string type_key = key_of(architecture, "scaling.type");
  const std::string type = metadata.text(type_key).value_or("linear");
  if (type == "none") return 1;
  if (type != "linear") metadata.fail(type_key, fmt::format("found {}, expected 'none' or 'linear'", quoted(type)));
  for (const char* name : {"scaling.factor", "scale_linear"}) {
    const std::string key = key_of(architecture, name);
    const auto factor = metadata.number(key);
    if (!factor) continue;
    if (!(*factor > 0)) metadata.fail(key, fmt::format("found {}, expected a positive number", *factor));
    return *factor;
  }
  return 1;
}

}  // namespace

std::optional<std::vector<float>> write_rope(const description::Model& model, const Architecture& architecture,
                                             Metadata& metadata) {
  const description::Hyperparameters& h = model.hyperparameters;
  if (h.rotary_dim != h.head_dim) {
    throw_usage(fmt::format("found {} rotated dimensions of {} in a head: GGUF's {} architecture rotates all of them",
                            h.rotary_dim, h.head_dim, architecture.name));
  }
  metadata.set(key_of(architecture, "dimension_count"), static_cast<std::uint32_t>(h.rotary_dim));
  metadata.set(key_of(architecture, "freq_base"), static_cast<float>(h.rope_theta));
  const auto parameters = rope_parameters(JsonCursor(model.config, "config.json"));
  const std::string type = rope_type(parameters);
  if (type == "default") return std::nullopt;
  if (type == "linear") {
    metadata.set(key_of(architecture, "scaling.type"), std::string("linear"));
    metadata.set(key_of(architecture, "scaling.factor"), static_cast<float>(parameters->at("factor").as_double()));
    return std::nullopt;
  }
  if (type == "llama3") return llama3_factors(*parameters, h.rope_theta, h.head_dim);
  if (type == "freq_factors") return stored_factors(*parameters, h.head_dim);
  throw_usage(fmt::format("found rope type {}: GGUF's {} architecture holds default, linear and llama3", quoted(type),
                          architecture.name));
}

Json read_rope(const MetadataReader& metadata, const Architecture& architecture, std::int64_t head_dim,
               const std::optional<std::vector<float>>& factors) {
  const std::string rotated_key = key_of(architecture, "dimension_count");
  if (metadata.integer(rotated_key).value_or(head_dim) != head_dim) {
    metadata.fail(rotated_key,
                  fmt::format("found {}, expected the head's {} dimensions", *metadata.integer(rotated_key), head_dim));
  }
  const std::string base_key = key_of(architecture, "freq_base");
  const double base = metadata.number(base_key).value_or(10000.0);
  if (!(base > 0)) metadata.fail(base_key, fmt::format("found {}, expected a positive number", base));

  const double factor = read_linear_factor(metadata, architecture);
  Json rope = Json::object();
  rope.set("rope_theta", base);
  if (factors) {
    if (factor != 1.0)
      metadata.fail(key_of(architecture, "scaling.factor"),
                    "found a linear factor beside rope_freqs.weight, expected one of them");
    Json list = Json::array();
    for (const float value : *factors) list.push_back(static_cast<double>(value));
    rope.set("rope_type", "freq_factors");
    rope.set("factors", std::move(list));
  } else if (factor != 1.0) {
    rope.set("rope_type", "linear");
    rope.set("factor", factor);
  } else {
    rope.set("rope_type", "default");
  }
  return rope;
}

}  // namespace kerf::formats::gguf
