// Keys as peft's LoraConfig defines them (https://github.com/huggingface/peft, src/peft/tuners/lora/config.py).
#include "formats/lora/config.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "core/strings.h"

namespace kerf::formats::lora {
namespace {

constexpr std::int64_t kLargestRank = std::int64_t{1} << 20;
constexpr double kLargestAlpha = 1e9;
/// Every module is compared with every pattern.
constexpr std::size_t kMostPatterns = 10'000;

/// Keys that say how an adapter was trained, or that its tensors say themselves.
constexpr std::array<std::string_view, 25> kWithoutEffect = {
    "auto_mapping",
    "base_model_name_or_path",
    "bias",
    "corda_config",
    "eva_config",
    "exclude_modules",
    "fan_in_fan_out",
    "inference_mode",
    "layers_pattern",
    "layers_to_transform",
    "loftq_config",
    "lora_dropout",
    "lora_ga_config",
    "megatron_core",
    "peft_type",
    "peft_version",
    "qalora_group_size",
    "revision",
    "runtime_config",
    "target_modules",
    "task_type",
    "ephemeral_gpu_offload",
    "unsloth_fixed",
    "init_lora_weights",
    "modules_to_save",
};
constexpr std::array<std::string_view, 7> kRead = {"r",          "lora_alpha", "rank_pattern",       "alpha_pattern",
                                                   "use_rslora", "use_dora",   "ensure_weight_tying"};

struct Refused {
  std::string_view key, what;
};
constexpr std::array<Refused, 11> kRefused = {{
    {"target_parameters", "adapters of parameters that are no modules, such as fused experts"},
    {"layer_replication", "repeated layers"},
    {"trainable_token_indices", "tokens trained by themselves"},
    {"lora_bias", "biases of the adapter's own"},
    {"megatron_config", "Megatron's parallel layers"},
    {"use_qalora", "QALoRA, whose matrices are those of groups of inputs"},
    {"use_bdlora", "BD-LoRA, whose matrices are made of blocks"},
    {"alora_invocation_tokens", "activated LoRA, which holds for a part of the text only"},
    {"arrow_config", "Arrow, which chooses among adapters for each token"},
    {"monteclora_config", "MonteCLoRA"},
    {"velora_config", "VeLoRA"},
}};

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// null, false, [], {} and "" leave a feature off.
bool is_set(const Json& value) {
  if (value.is_null()) return false;
  if (value.is_bool()) return value.as_bool();
  if (value.is_string()) return !value.as_string().empty();
  if (value.is_array()) return !value.as_array().empty();
  return !value.is_object() || value.as_object().size() > 0;
}

void check_type(const JsonCursor& json) {
  const std::string type = json.at("peft_type").as_string();
  if (type != "LORA") {
    json.at("peft_type").fail(fmt::format("found {}, expected 'LORA', the one type that kerf merges", quoted(type)));
  }
  for (const Refused& refused : kRefused) {
    const auto value = json.get(refused.key);
    if (value && is_set(value->json())) value->fail(fmt::format("asks for {}; kerf does not merge that", refused.what));
  }
}

/// Some initializations take a part out of the base's weights: the adapter fits what is left, not the base.
void check_initialization(const JsonCursor& json) {
  const auto value = json.get("init_lora_weights");
  if (!value || !value->json().is_string()) return;
  const std::string name = value->as_string();
  for (const std::string_view changing : {"pissa", "olora", "corda", "loftq", "lora_ga"}) {
    if (!starts_with(name, changing)) continue;
    value->fail(
        fmt::format("says {}, which changed the base's weights before training; save the adapter with "
                    "path_initial_model_for_weight_conversion, so that it fits the unchanged base",
                    quoted(name)));
  }
}

void note_unknown(const JsonCursor& json, std::vector<std::string>& notes) {
  for (const auto& [key, value] : json.as_object()) {
    const bool is_refused =
        std::any_of(kRefused.begin(), kRefused.end(), [&name = key](const Refused& r) { return r.key == name; });
    if (is_refused || !is_set(value) || contains(kWithoutEffect, key) || contains(kRead, key)) continue;
    notes.push_back(fmt::format("{}: the key {} is unknown and left aside", json.file(), quoted(key)));
  }
}

bool is_plain(std::string_view pattern) {
  return std::all_of(pattern.begin(), pattern.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

/// As the expression would: a dot in it stands for any character.
bool plain_matches(std::string_view pattern, std::string_view module) {
  if (pattern.size() > module.size()) return false;
  const std::string_view end = module.substr(module.size() - pattern.size());
  if (end.size() != module.size() && module[module.size() - pattern.size() - 1] != '.') return false;
  return std::equal(pattern.begin(), pattern.end(), end.begin(), [](char p, char c) { return p == '.' || p == c; });
}

template <typename Value, typename Read>
std::vector<std::pair<std::string, Value>> read_patterns(const JsonCursor& json, std::string_view key, Read read) {
  std::vector<std::pair<std::string, Value>> patterns;
  const auto object = json.get(key);
  if (!object) return patterns;
  if (object->as_object().size() > kMostPatterns) {
    object->fail(fmt::format("has {} patterns, more than {}", object->as_object().size(), kMostPatterns));
  }
  for (const auto& [pattern, value] : object->as_object()) patterns.emplace_back(pattern, read(object->at(pattern)));
  return patterns;
}

std::int64_t read_rank(const JsonCursor& value) { return value.as_int64_in(1, kLargestRank); }

double read_alpha(const JsonCursor& value) {
  const double alpha = value.as_double();
  if (!(std::abs(alpha) <= kLargestAlpha))
    value.fail(fmt::format("found {}, expected at most {}", alpha, kLargestAlpha));
  return alpha;
}

}  // namespace

Config::Config(const JsonCursor& json, RegexMatcher matches, std::vector<std::string>& notes)
    : json_(json.json()), file_(json.file()), matches_(std::move(matches)) {
  check_type(json);
  check_initialization(json);
  note_unknown(json, notes);
  if (json.has("r")) rank_ = read_rank(json.at("r"));
  if (json.has("lora_alpha")) alpha_ = read_alpha(json.at("lora_alpha"));
  rank_stabilized_ = json.bool_or("use_rslora", false);
  has_magnitudes_ = json.bool_or("use_dora", false);
  keeps_tie_ = json.bool_or("ensure_weight_tying", false);
  rank_pattern_ = read_patterns<std::int64_t>(json, "rank_pattern", read_rank);
  alpha_pattern_ = read_patterns<double>(json, "alpha_pattern", read_alpha);
  if (const auto modules = json.get("modules_to_save")) {
    for (std::size_t i = 0; i < modules->as_array().size(); ++i) {
      modules_to_save_.push_back(modules->at(i).as_string());
    }
  }
}

bool Config::fits(std::string_view key, const std::string& pattern, const std::string& module) const {
  if (is_plain(pattern)) return plain_matches(pattern, module);
  const JsonCursor where(json_, file_, fmt::format("{}.{}", key, quoted(pattern)));
  return matches_(where, fmt::format("(?:.*\\.)?(?:{})", pattern), module);
}

template <typename Value>
Value Config::pick(std::string_view key, const Patterns<Value>& patterns, const std::string& module,
                   Value fallback) const {
  for (const auto& [pattern, value] : patterns) {
    if (fits(key, pattern, module)) return value;
  }
  return fallback;
}

std::int64_t Config::rank(const std::string& module) const {
  return pick("rank_pattern", rank_pattern_, module, rank_);
}

double Config::scaling(const std::string& module) const {
  const auto r = static_cast<double>(rank(module));
  return pick("alpha_pattern", alpha_pattern_, module, alpha_) / (rank_stabilized_ ? std::sqrt(r) : r);
}

bool Config::is_saved(const std::string& module) const {
  return std::any_of(modules_to_save_.begin(), modules_to_save_.end(),
                     [&](const std::string& saved) { return module == saved || ends_with(module, "." + saved); });
}

}  // namespace kerf::formats::lora
