#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "formats/gguf/architecture.h"

/// What architectures have in common.
namespace kerf::formats::gguf {

using Rules = std::vector<TensorRule>;
using SizeRules = std::vector<HyperparameterRule>;

template <typename Rule>
std::vector<Rule> joined(std::initializer_list<std::vector<Rule>> parts) {
  std::vector<Rule> all;
  for (const std::vector<Rule>& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

enum class Bias { kNone, kOptional, kRequired };

/// NAME.weight and NAME.bias; names without the ending.
Rules linear(const std::string& hugging_face, const std::string& gguf, Bias bias = Bias::kNone,
             RowOrder order = RowOrder::kSame, bool transposed = false);
Rules norm(const std::string& hugging_face, const std::string& gguf, Bias bias = Bias::kNone,
           Values values = Values::kSame, bool required = true);

/// The names that most decoders have had since Llama. Embeddings, final norm and head.
Rules llama_ends(Bias norm_bias = Bias::kNone, Values values = Values::kSame);
/// q_proj, k_proj, v_proj and o_proj.
Rules llama_attention(Bias qkv, Bias output, RowOrder query = RowOrder::kSame, RowOrder key = RowOrder::kSame);
/// The same with the rows that llama.cpp's llama architecture wants.
Rules interleaved_attention(Bias qkv, Bias output);
/// input_layernorm and post_attention_layernorm, the one before the feed-forward.
Rules llama_norms(Bias bias = Bias::kNone);
/// gate_proj, up_proj and down_proj.
Rules llama_feed_forward(Bias bias = Bias::kNone);
/// q_norm and k_norm.
Rules head_norms(Values values = Values::kSame);

/// Counts and sizes; the epsilon of RMS norms (rms_norm_eps) or of layer norms.
SizeRules llama_sizes();
SizeRules layer_norm_sizes(std::string_view epsilon_key);
/// expert_count and expert_used_count, the first under the given key of config.json.
SizeRules expert_sizes(std::string_view count_key);

}  // namespace kerf::formats::gguf
