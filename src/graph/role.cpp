#include "graph/role.h"

#include <array>
#include <utility>

#include "core/strings.h"

namespace kerf::graph {
namespace {

struct Entry {
  Role role;
  std::string_view name;
  bool linear;
};

constexpr std::array kRoles = {
    Entry{Role::kEmbedding, "embedding", false},
    Entry{Role::kPositionEmbedding, "position_embedding", false},
    Entry{Role::kTypeEmbedding, "type_embedding", false},
    Entry{Role::kQuery, "q", true},
    Entry{Role::kKey, "k", true},
    Entry{Role::kValue, "v", true},
    Entry{Role::kQkv, "qkv", true},
    Entry{Role::kAttentionOutput, "attention_output", true},
    Entry{Role::kGate, "gate", true},
    Entry{Role::kUp, "up", true},
    Entry{Role::kGateUp, "gate_up", true},
    Entry{Role::kDown, "down", true},
    Entry{Role::kHead, "head", false},
    Entry{Role::kRouter, "router", false},
    Entry{Role::kNorm, "norm", false},
    Entry{Role::kBias, "bias", false},
    Entry{Role::kOther, "other", false},
};

const Entry& entry(Role role) { return kRoles[static_cast<std::size_t>(role)]; }

}  // namespace

std::string_view role_name(Role role) { return entry(role).name; }
bool is_linear_role(Role role) { return entry(role).linear; }

std::optional<Role> parse_role(std::string_view name) {
  const std::string lower = to_lower_ascii(name);
  for (const Entry& candidate : kRoles) {
    if (candidate.name == lower) return candidate.role;
  }
  return std::nullopt;
}

std::vector<std::string> role_names() {
  std::vector<std::string> names;
  for (const Entry& candidate : kRoles) names.emplace_back(candidate.name);
  return names;
}

}  // namespace kerf::graph
