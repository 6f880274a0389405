#include "formats/onnx/roles.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string_view>
#include <vector>

#include "core/strings.h"

namespace kerf::formats::onnx {
namespace {

using graph::Role;

/// The last names of modules' paths, as patterns of core/strings.h. The first that fits decides: what is longer comes
/// first.
struct Rule {
  std::string_view pattern;
  Role role;
};

constexpr Rule kRules[] = {
    // As transformers names them; then other programs' names.
    {"*.q_proj", Role::kQuery},
    {"*.k_proj", Role::kKey},
    {"*.v_proj", Role::kValue},
    {"*.qkv_proj", Role::kQkv},
    {"*.query_key_value", Role::kQkv},
    {"*.c_attn", Role::kQkv},
    {"*.wqkv", Role::kQkv},
    {"*.in_proj", Role::kQkv},
    {"*.qkv*", Role::kQkv},
    {"*.query*", Role::kQuery},
    {"*.key*", Role::kKey},
    {"*.value*", Role::kValue},
    {"*.q_lin", Role::kQuery},
    {"*.k_lin", Role::kKey},
    {"*.v_lin", Role::kValue},
    {"*.wq", Role::kQuery},
    {"*.wk", Role::kKey},
    {"*.wv", Role::kValue},
    {"*.o_proj", Role::kAttentionOutput},
    {"*.out_proj", Role::kAttentionOutput},
    {"*.out_lin", Role::kAttentionOutput},
    {"*attention.output.dense", Role::kAttentionOutput},
    {"*attention.dense", Role::kAttentionOutput},
    {"*attn.c_proj", Role::kAttentionOutput},
    {"*attn*.dense", Role::kAttentionOutput},
    {"*attention*.dense", Role::kAttentionOutput},
    {"*attention.wo", Role::kAttentionOutput},
    {"*.gate_up_proj", Role::kGateUp},
    {"*.gate_proj", Role::kGate},
    {"*.up_proj", Role::kUp},
    {"*.down_proj", Role::kDown},
    {"*.c_fc", Role::kUp},
    {"*mlp.c_proj", Role::kDown},
    {"*.fc1", Role::kUp},
    {"*.fc2", Role::kDown},
    {"*.fc_in", Role::kUp},
    {"*.fc_out", Role::kDown},
    {"*.lin1", Role::kUp},
    {"*.lin2", Role::kDown},
    {"*.dense_h_to_4h", Role::kUp},
    {"*.dense_4h_to_h", Role::kDown},
    {"*intermediate.dense", Role::kUp},
    {"*.ffn", Role::kUp},
    {"*.ffn_output", Role::kDown},
    {"*.wi_0", Role::kGate},
    {"*.wi_1", Role::kUp},
    {"*.wi", Role::kUp},
    {"*.wo", Role::kDown},
    {"*attention.q", Role::kQuery},
    {"*attention.k", Role::kKey},
    {"*attention.v", Role::kValue},
    {"*attention.o", Role::kAttentionOutput},
    {"*.w1", Role::kGate},
    {"*.w2", Role::kDown},
    {"*.w3", Role::kUp},
    {"*lm_head*", Role::kHead},
    {"*embed_out", Role::kHead},
    {"*predictions.decoder*", Role::kHead},
    {"*vocab_projector", Role::kHead},
    {"*lm_head.decoder", Role::kHead},
    {"*classifier*", Role::kHead},
    {"*score", Role::kHead},
    {"*qa_outputs", Role::kHead},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Role role_of_module(const std::string& module) {
  const std::string path = to_lower_ascii("." + module);
  // "output.dense" is the attention's or the feed-forward's by what is before it.
  if (glob_match("*.output.dense", path) && path.find("attention.output") == std::string::npos) return Role::kDown;
  for (const Rule& rule : kRules) {
    if (glob_match(rule.pattern, path)) return rule.role;
  }
  return Role::kOther;
}

int layer_of_module(const std::string& module) {
  for (const std::string& part : split(module, '.')) {
    const auto first = std::find_if(part.begin(), part.end(), [](char c) { return c != '_'; });
    if (first == part.end() || !std::all_of(first, part.end(), is_digit)) continue;
    int layer = -1;
    const char* begin = part.data() + std::distance(part.begin(), first);
    if (std::from_chars(begin, part.data() + part.size(), layer).ec == std::errc()) return layer;
  }
  return -1;
}

bool is_decoder_module(const std::string& module) {
  const auto parts = split(module, '.');
  return std::find(parts.begin(), parts.end(), "decoder") != parts.end();
}

}  // namespace kerf::formats::onnx
