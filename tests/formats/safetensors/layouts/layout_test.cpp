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
  EXPECT_EQ(layout_names().size(), layouts().size());
  EXPECT_EQ(find_layout("no such layout"), nullptr);
}

}  // namespace
}  // namespace kerf::formats::safetensors
