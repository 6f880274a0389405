#include "models/model_graph.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "models/families.h"

namespace kerf::models {

const std::vector<const Family*>& families() {
  static const std::vector<const Family*> list = {
#define X(name) &name##_family(),
#include "models/families.def"
#undef X
  };
  return list;
}

namespace {

/// "GPTNeoXForCausalLM" -> "gptneox": letters and digits before what the model is for.
std::string stem_of(std::string_view architecture) {
  for (const std::string_view end : {"For", "LMHead", "Model", "WithLMHead"}) {
    const auto at = architecture.find(end);
    if (at != std::string_view::npos && at > 0) architecture = architecture.substr(0, at);
  }
  return to_lower_ascii(architecture);
}

std::string letters_of(std::string_view name) {
  std::string letters;
  for (const char c : name) {
    if (c != '_' && c != '-') letters += c;
  }
  return letters;
}

/// "; its architecture 'LlamaForCausalLM' is probably --family llama", where config.json has one.
std::string family_hint(const JsonCursor& config) {
  const auto architectures = config.get("architectures");
  if (!architectures || !architectures->json().is_array() || architectures->as_array().empty()) return "";
  const Json& first = architectures->as_array().front();
  if (!first.is_string()) return "";
  const std::string stem = stem_of(first.as_string());
  for (const Family* family : families()) {
    const std::string name = letters_of(family->name);
    if (name == stem || name == stem + "text") {
      return fmt::format("; {} is probably --family {}", quoted(first.as_string()), family->name);
    }
  }
  return fmt::format("; it has the architecture {}", quoted(first.as_string()));
}

/// config.json of something else that has one too.
void refuse_other_configs(const JsonCursor& config) {
  if (const auto name = config.get("_class_name"); name && config.has("_diffusers_version")) {
    config.fail(fmt::format("describes a part of a diffusers pipeline ({}), expected a language model",
                            name->json().is_string() ? quoted(name->as_string()) : "no name"));
  }
  if (config.has("peft_type")) config.fail("describes an adapter, expected a model; give the adapter with --lora");
}

}  // namespace

ModelGraph build_model(const JsonCursor& config, const graph::SourceMap& tensors, std::string_view family) {
  if (family.empty() && !config.has("model_type")) {
    refuse_other_configs(config);
    config.fail("has no model_type, which names the architecture; say it with --family NAME" + family_hint(config));
  }
  const std::string wanted = family.empty() ? config.at("model_type").as_string() : std::string(family);
  std::vector<std::string> known;
  for (const Family* candidate : families()) {
    if (candidate->name == wanted) return candidate->build(config, tensors);
    known.emplace_back(candidate->name);
  }
  if (family.empty()) config.at("model_type").fail(unknown_name("model type", wanted, known));
  throw_usage("--family: " + unknown_name("family", wanted, known));
}

}  // namespace kerf::models
