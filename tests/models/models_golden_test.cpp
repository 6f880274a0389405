#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/file.h"
#include "formats/checkpoint.h"
#include "formats/safetensors/reader.h"
#include "models/model_graph.h"
#include "tests/support/op_runner.h"
#include "tests/support/reference_executor.h"
#include "tests/support/source_dir.h"

namespace kerf {
namespace {

/// A folder of tests/golden/checkpoints: a small random model and the logits that transformers computes (see README.md
/// there for versions).
struct GoldenCase {
  std::string path;
  std::string name() const { return file_name(path); }
};
void PrintTo(const GoldenCase& golden, std::ostream* out) { *out << golden.name(); }

bool is_supported(const std::string& path) {
  const std::string file = path + "/config.json";
  const Json config = Json::parse(read_file(file, 1 << 20), file);
  const auto& known = models::families();
  return std::any_of(known.begin(), known.end(), [&](const models::Family* family) {
    return family->name == JsonCursor(config, file).at("model_type").as_string();
  });
}

std::vector<GoldenCase> golden_cases(const std::string& folder) {
  const std::string root = test::source_dir() + "/tests/golden/" + folder;
  std::vector<GoldenCase> cases;
  for (const std::string& name : list_directory(root)) {
    if (is_supported(join_path(root, name))) cases.push_back({join_path(root, name)});
  }
  return cases;
}

/// The largest difference from the expected logits, as a fraction of the largest of those. Where a mask leaves tokens
/// out, what is computed at their places means nothing.
double deviation(const Tensor& logits, const Tensor& expected, const std::map<std::string, Tensor>& inputs) {
  EXPECT_EQ(logits.shape(), expected.shape());
  const auto mask = inputs.find("attention_mask");
  const bool by_token = mask != inputs.end() && expected.rank() == 3 && !inputs.contains("decoder_input_ids");
  double difference = 0, scale = 0;
  for (std::int64_t i = 0; i < expected.size(); ++i) {
    if (by_token && mask->second.data<std::int64_t>()[i / expected.dim(2)] == 0) continue;
    const double wanted = expected.data<float>()[i];
    difference = std::max(difference, std::abs(static_cast<double>(logits.data<float>()[i]) - wanted));
    scale = std::max(scale, std::abs(wanted));
  }
  return difference / scale;
}

/// Two f32 computations of these depths differ by some 1e-6; a wrong constant, epsilon or pairing by 1e-2 and more.
constexpr double kTolerance = 1e-4;

class ModelsGolden : public testing::TestWithParam<GoldenCase> {
 protected:
  formats::Checkpoint checkpoint = formats::open_checkpoint(GetParam().path);
  formats::safetensors::Reader expected{GetParam().path + "/expected.safetensors"};
  std::map<std::string, Tensor> inputs = [this] {
    std::map<std::string, Tensor> tensors;
    for (const auto& [name, entry] : expected.header().tensors) {
      if (name != "logits") tensors.emplace(name, expected.read_tensor(name));
    }
    return tensors;
  }();

  models::ModelGraph build(const Json& config) {
    return models::build_model(JsonCursor(config, "config.json"), checkpoint.tensors);
  }
};

TEST_P(ModelsGolden, LogitsAreThoseOfTransformers) {
  const models::ModelGraph model = build(checkpoint.config);
  const Tensor logits = test::run_model(model, inputs);
  const double found = deviation(logits, expected.read_tensor("logits"), inputs);
  RecordProperty("deviation", std::to_string(found));
  EXPECT_LT(found, kTolerance);
  EXPECT_GT(found, 0) << "computed by another program, yet equal to the last bit: is the golden its own oracle?";
  EXPECT_TRUE(model.notes.empty());
}

/// The comparison must be able to fail: another window of the same text does not give these logits.
TEST_P(ModelsGolden, OtherIdsGiveOtherLogits) {
  auto others = inputs;
  Tensor& other = others.at("input_ids") = inputs.at("input_ids").clone();
  std::reverse(other.values<std::int64_t>().begin(), other.values<std::int64_t>().end());
  const Tensor logits = test::run_model(build(checkpoint.config), others);
  EXPECT_GT(deviation(logits, expected.read_tensor("logits"), inputs), 100 * kTolerance);
}

/// One rope as older versions wrote it: theta, and what stretches it apart.
void spell_rope_older(const Json& rope, const std::string& theta_key, Json::Object& keys) {
  Json scaling = rope;
  keys.set(theta_key, *rope.find("rope_theta"));
  scaling.as_object().erase("rope_theta");
  if (const Json* part = rope.find("partial_rotary_factor")) {
    keys.set(theta_key == "rotary_emb_base" ? "rotary_pct" : "partial_rotary_factor", *part);
    scaling.as_object().erase("partial_rotary_factor");
  }
  scaling.set("type", *rope.find("rope_type"));
  scaling.as_object().erase("rope_type");
  const bool is_default = rope.find("rope_type")->as_string() == "default";
  keys.set("rope_scaling", is_default ? Json() : scaling);
}

/// Layer types that follow from the rest of an older configuration.
void drop_layer_types(const Json& config, Json::Object& keys) {
  keys.erase("layer_types");
  const std::string family = config.find("model_type")->as_string();
  if (family == "gemma3_text") keys.set("sliding_window_pattern", Json(2));
  if (family == "gpt_neo") keys.erase("attention_layers");
}

/// Keys that configurations may lack, with transformers' defaults, where those differ from family to family.
const std::map<std::string, std::string>& defaults_by_family() {
  static const std::string bert =
      R"("type_vocab_size": 2, "layer_norm_eps": 1e-12, "tie_word_embeddings": true, "is_decoder": false,
         "add_cross_attention": false, )";
  static const std::map<std::string, std::string> defaults = {
      {"bert", "{" + bert + R"("hidden_act": "gelu"})"},
      {"roberta", "{" + bert + R"("hidden_act": "gelu", "pad_token_id": 1})"},
      {"albert", "{" + bert + R"("hidden_act": "gelu_new", "num_hidden_groups": 1, "inner_group_num": 1})"},
      {"mobilebert", "{" + bert + R"("hidden_act": "relu", "normalization_type": "no_norm", "trigram_input": true,
         "use_bottleneck": true, "use_bottleneck_attention": false, "key_query_shared_bottleneck": true})"},
      {"distilbert", R"({"activation": "gelu", "tie_word_embeddings": true})"},
      {"t5", R"({"feed_forward_proj": "relu", "num_decoder_layers": 2, "relative_attention_max_distance": 128,
         "relative_attention_num_buckets": 32, "layer_norm_epsilon": 1e-6, "scale_decoder_outputs": true,
         "tie_word_embeddings": true})"},
  };
  return defaults;
}

void erase_defaults(Json& config) {
  const auto found = defaults_by_family().find(config.find("model_type")->as_string());
  if (found == defaults_by_family().end()) return;
  const Json defaults = Json::parse(found->second, "defaults");
  for (const auto& [key, value] : defaults.as_object()) {
    const Json* given = config.find(key);
    if (given != nullptr && given->dump() == value.dump()) config.as_object().erase(key);
  }
}

/// The same configuration as transformers wrote it before version 5, and without what follows from the rest.
Json in_older_spelling(const Json& config) {
  Json older = config;
  Json::Object& keys = older.as_object();
  keys.set("torch_dtype", *config.find("dtype"));
  keys.erase("dtype");
  if (const Json* rope = config.find("rope_parameters")) {
    if (const Json* full = rope->find("full_attention")) {
      spell_rope_older(*full, "rope_theta", keys);
      keys.set("rope_local_base_freq", *rope->find("sliding_attention")->find("rope_theta"));
    } else {
      const bool neox = config.find("model_type")->as_string() == "gpt_neox";
      spell_rope_older(*rope, neox ? "rotary_emb_base" : "rope_theta", keys);
    }
    keys.erase("rope_parameters");
    const std::int64_t heads = config.find("num_attention_heads")->as_int64();
    const Json *dim = config.find("head_dim"), *kv_heads = config.find("num_key_value_heads");
    const bool usual =
        dim != nullptr && !dim->is_null() && dim->as_int64() * heads == config.find("hidden_size")->as_int64();
    if (usual) keys.erase("head_dim");
    if (kv_heads != nullptr && kv_heads->as_int64() == heads) keys.erase("num_key_value_heads");
  }
  drop_layer_types(config, keys);
  for (const char* key : {"n_inner", "attention_bias", "mlp_bias", "tie_word_embeddings"}) {
    const Json* value = config.find(key);
    const bool is_default = value != nullptr && (value->is_null() || (value->is_bool() && !value->as_bool()));
    if (is_default) keys.erase(key);
  }
  erase_defaults(older);
  return older;
}

TEST_P(ModelsGolden, OlderSpellingsGiveTheSameLogits) {
  const Json older = in_older_spelling(checkpoint.config);
  ASSERT_NE(older.dump(), checkpoint.config.dump());
  const Tensor logits = test::run_model(build(checkpoint.config), inputs);
  EXPECT_TRUE(test::same_bits(test::run_model(build(older), inputs), logits));
}

std::string test_name(const testing::TestParamInfo<GoldenCase>& golden) {
  std::string name = golden.param.name();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, ModelsGolden, testing::ValuesIn(golden_cases("checkpoints")), test_name);

/// What configurations can switch, in odd sizes.
class ModelVariants : public ModelsGolden {};

TEST_P(ModelVariants, LogitsAreThoseOfTransformers) {
  const Tensor logits = test::run_model(build(checkpoint.config), inputs);
  const double found = deviation(logits, expected.read_tensor("logits"), inputs);
  RecordProperty("deviation", std::to_string(found));
  EXPECT_LT(found, kTolerance);
  EXPECT_GT(found, 0);
}

INSTANTIATE_TEST_SUITE_P(Variants, ModelVariants, testing::ValuesIn(golden_cases("variants")), test_name);

}  // namespace
}  // namespace kerf
