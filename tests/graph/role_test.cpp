#include "graph/role.h"

#include <set>

#include <gtest/gtest.h>

namespace kerf::graph {
namespace {

TEST(Role, EveryNameReadsBackAsItsRole) {
  std::set<Role> roles;
  for (const std::string& name : role_names()) {
    const auto role = parse_role(name);
    ASSERT_TRUE(role) << name;
    EXPECT_EQ(role_name(*role), name);
    EXPECT_TRUE(roles.insert(*role).second) << name << " is a second name";
  }
  // The last of the enumeration: none is without a name.
  EXPECT_EQ(roles.size(), static_cast<std::size_t>(Role::kOther) + 1);
}

TEST(Role, NamesAreThoseOfRecipes) {
  EXPECT_EQ(role_name(Role::kQuery), "q");
  EXPECT_EQ(role_name(Role::kQkv), "qkv");
  EXPECT_EQ(role_name(Role::kAttentionOutput), "attention_output");
  EXPECT_EQ(role_name(Role::kGateUp), "gate_up");
  EXPECT_EQ(role_name(Role::kEmbedding), "embedding");
  EXPECT_EQ(parse_role("DOWN"), Role::kDown);
  for (const char* name : {"", "query", "q ", "o"}) EXPECT_EQ(parse_role(name), std::nullopt) << name;
}

TEST(Role, LinearRolesAreTheMatricesInsideTheBlocks) {
  const std::set<std::string> linear = {"q", "k", "v", "qkv", "attention_output", "gate", "up", "gate_up", "down"};
  for (const std::string& name : role_names()) {
    EXPECT_EQ(is_linear_role(*parse_role(name)), linear.contains(name)) << name;
  }
}

}  // namespace
}  // namespace kerf::graph
