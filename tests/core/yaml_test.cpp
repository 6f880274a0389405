#include "core/yaml.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::yaml {
namespace {

void refuses(const std::string& text, const std::string& part) {
  test::expect_error(ErrorCode::kInput, part,
                     [&] { guarded("f.yaml", [&] { return parse(text, "f.yaml", "recipe"); }); });
}

TEST(Yaml, PlainDocumentsOnly) {
  refuses("a: &x 1", "f.yaml: line 1: anchors are not read in a recipe");
  refuses("a: 1\nb: *x", "f.yaml");
  refuses("a: 1\n---\nb: 2", "line 2: found a second document, expected one recipe in the file");
  refuses("[[[[[[[[[1]]]]]]]]]", "nested deeper than a recipe can be");
  refuses("a: [", "not valid YAML");
  refuses("\xff", "f.yaml: offset 0: not valid UTF-8");
}

TEST(Yaml, KeysAreKnownAndStandOnce) {
  const auto check = [](const std::string& text) {
    check_keys("f.yaml", parse(text, "f.yaml", "recipe"), {"scheme", "role"}, "recipe key");
  };
  check("scheme: 1");
  test::expect_error(ErrorCode::kInput, "f.yaml: line 2: no recipe key 'shceme'; did you mean scheme?",
                     [&] { check("role: 1\nshceme: 2"); });
  test::expect_error(ErrorCode::kInput, "key 'role' appears twice", [&] { check("role: 1\nrole: 2"); });
  test::expect_error(ErrorCode::kInput, "expected a map", [&] { check("[1]"); });
}

TEST(Yaml, ValuesAreScalars) {
  const YAML::Node node = parse("{a: [1, 2], b: true, c: yes}", "f.yaml", "recipe");
  EXPECT_EQ(values_of(node["a"]).size(), 2U);
  EXPECT_TRUE(flag("f.yaml", node["b"], "b"));
  test::expect_error(ErrorCode::kInput, "c must be true or false", [&] { flag("f.yaml", node["c"], "c"); });
  test::expect_error(ErrorCode::kInput, "a must be a single value", [&] { scalar("f.yaml", node["a"], "a"); });
}

}  // namespace
}  // namespace kerf::yaml
