#include "formats/safetensors/unusual_dtypes.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/safetensors_bytes.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::safetensors {
namespace {

using Strings = std::vector<std::string>;

Strings notes(const std::vector<test::TensorBytes>& tensors, bool with_layout) {
  const test::TempDir dir;
  return note_unusual_dtypes(Reader(dir.write("m.safetensors", test::safetensors_bytes(tensors))).stored(),
                             with_layout);
}

TEST(UnusualDtypes, SayWhatHappensToTheValues) {
  EXPECT_TRUE(notes({test::f32_tensor("a", {1}, {1})}, false).empty());
  EXPECT_EQ(notes({{"a", "F64", {1}, std::string(8, 0)}, {"b", "F64", {1}, std::string(8, 0)}}, false),
            (Strings{"tensor 'a' and 1 more in f64: rounded to f32 when read"}));
  EXPECT_EQ(notes({{"a.weight", "F8_E5M2", {1}, "a"}}, false),
            (Strings{"tensor 'a.weight' in 8-bit floats without scales: read as they are"}));
  EXPECT_EQ(
      notes({{"a.weight", "F8_E4M3", {1}, "a"},
             test::f32_tensor("a.weight_scale", {1}, {1}),
             test::f32_tensor("a.input_scale", {1}, {1})},
            true),
      (Strings{"tensor 'a.weight' in 8-bit floats: read as value times scale in f32, and quantized like any float",
               "tensor 'a.input_scale' left aside: activations are computed in f32"}));
}

TEST(UnusualDtypes, RefuseAScaleThatNothingExplains) {
  test::expect_error(
      ErrorCode::kInput, "tensor 'a.weight': is f8_e4m3 and has 'a.weight_scale_inv' beside it, but config.json", [] {
        notes({{"a.weight", "F8_E4M3", {1}, "a"}, test::f32_tensor("a.weight_scale_inv", {1}, {1})}, false);
      });
}

}  // namespace
}  // namespace kerf::formats::safetensors
