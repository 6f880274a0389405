#include "formats/safetensors/layouts/layout.h"

#include <set>

#include <gtest/gtest.h>

namespace kerf::formats::safetensors {
namespace {

TEST(Layouts, AreFoundByTheirNames) {
  std::set<std::string_view> names;
  for (const LayoutInfo* layout : layouts()) {
    EXPECT_TRUE(names.insert(layout->name).second) << layout->name;
    EXPECT_EQ(find_layout(layout->name), layout);
    EXPECT_FALSE(layout->summary.empty());
  }
  EXPECT_EQ(find_layout("no such layout"), nullptr);
}

TEST(Layouts, AreFoundByTheMethodThatConfigsName) {
  for (const std::string& method : layout_methods()) ASSERT_NE(find_layout_of(method), nullptr) << method;
  EXPECT_EQ(find_layout_of("gptq")->name, "gptq");
  EXPECT_EQ(find_layout_of("bitsandbytes")->name, "bitsandbytes");
  EXPECT_EQ(find_layout_of("gptq-v2"), nullptr);
}

}  // namespace
}  // namespace kerf::formats::safetensors
