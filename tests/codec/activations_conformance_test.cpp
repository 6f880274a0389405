#include <algorithm>
#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "codec/activation.h"
#include "tests/support/random_tensor.h"

namespace kerf::codec {
namespace {

std::vector<std::string> all_examples() {
  std::vector<std::string> names;
  for (const ActivationFamily* family : activation_families()) {
    names.insert(names.end(), family->examples.begin(), family->examples.end());
  }
  return names;
}

class AnyActivation : public testing::TestWithParam<std::string> {
 protected:
  static constexpr std::int64_t kRows = 9, kCols = 50;
  const ActivationScheme scheme_ = parse_activation_scheme(GetParam());
  std::shared_ptr<const ActivationQuantizer> quantizer_ =
      scheme_.dynamic ? make_dynamic_quantizer(scheme_) : make_static_quantizer(scheme_, ValueRange{-4.5F, 4.0F});
  Tensor x_ = test::random_normal({kRows, kCols}, 5);
  Tensor round(const Tensor& x) const {
    Tensor copy = x.clone();
    quantizer_->round(copy.data<float>(), copy.dim(0), copy.dim(1));
    return copy;
  }
};

TEST_P(AnyActivation, IsNearAndNotTheSame) {
  const Tensor found = round(x_);
  double error = 0, size = 0;
  for (std::int64_t i = 0; i < found.size(); ++i) {
    const double e = static_cast<double>(found.data<float>()[i]) - static_cast<double>(x_.data<float>()[i]);
    error += e * e;
    size += static_cast<double>(x_.data<float>()[i]) * static_cast<double>(x_.data<float>()[i]);
  }
  const double relative = std::sqrt(error / size);
  const double step = scheme_.kind == ActivationScheme::Kind::kFloat8 ? 0.04 : 4.0 / (1 << scheme_.bits);
  EXPECT_LT(relative, step);
  EXPECT_GT(relative, step / 20);
}

TEST_P(AnyActivation, RoundsEachRowByItself) {
  const Tensor all = round(x_);
  for (std::int64_t row = 0; row < kRows; ++row) {
    Tensor one(DType::kF32, {1, kCols});
    std::copy_n(x_.data<float>() + row * kCols, kCols, one.data<float>());
    const Tensor found = round(one);
    EXPECT_TRUE(
        std::equal(found.values<float>().begin(), found.values<float>().end(), all.data<float>() + row * kCols));
  }
}

TEST_P(AnyActivation, AGridHasAtMostItsCodes) {
  const Tensor found = round(x_);
  std::vector<float> row(found.data<float>(), found.data<float>() + kCols);
  std::sort(row.begin(), row.end());
  EXPECT_LE(std::unique(row.begin(), row.end()) - row.begin(), 1 << scheme_.bits);
}

INSTANTIATE_TEST_SUITE_P(All, AnyActivation, testing::ValuesIn(all_examples()), [](const auto& each) {
  std::string name = each.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(ActivationFamilies, DescribeThemselves) {
  for (const ActivationFamily* family : activation_families()) {
    EXPECT_FALSE(family->summary.empty() || family->source.empty() || family->grammar.empty()) << family->name;
    for (const std::string& name : family->examples) EXPECT_EQ(parse_activation_scheme(name).name, name);
  }
}

}  // namespace
}  // namespace kerf::codec
