#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kerf::graph {

/// What a weight is for. Policies and recipes ask for roles; algorithms never match names.
enum class Role {
  kEmbedding,
  kPositionEmbedding,
  kTypeEmbedding,
  kQuery,
  kKey,
  kValue,
  kQkv,
  kAttentionOutput,
  kGate,
  kUp,
  kGateUp,
  kDown,
  kHead,
  kRouter,
  kNorm,
  kBias,
  kOther,
};

/// "embedding", "q", "k", "v", "qkv", "attention_output", "gate", "up", "gate_up", "down", "head", ...
std::string_view role_name(Role role);
std::optional<Role> parse_role(std::string_view name);
std::vector<std::string> role_names();
/// The roles that `--scheme` covers: the matrices inside the blocks.
bool is_linear_role(Role role);

}  // namespace kerf::graph
