#include "calibration/observer.h"

#include <cmath>
#include <cstring>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/random_tensor.h"
#include "tests/support/thread_setting.h"

namespace kerf::calibration {
namespace {

std::string any_of_bytes(const Tensor& tensor) { return {reinterpret_cast<const char*>(tensor.raw()), tensor.bytes()}; }

class AnyObserver : public testing::TestWithParam<const ObserverInfo*> {
 protected:
  Tensor fresh(std::int64_t cols) const { return Tensor::zeros(info_.dtype, info_.shape(cols)); }
  void observe(const Tensor& x, std::int64_t first, std::int64_t rows, Tensor& state) const {
    info_.observe(x.data<float>() + first * x.dim(1), rows, x.dim(1), state);
  }
  std::vector<double> values(const Tensor& state) const {
    if (state.dtype() == DType::kF64) return {state.values<double>().begin(), state.values<double>().end()};
    return {state.values<float>().begin(), state.values<float>().end()};
  }
  const ObserverInfo& info_ = *GetParam();
};

TEST_P(AnyObserver, SaysWhatItIs) {
  EXPECT_FALSE(info_.name.empty());
  EXPECT_FALSE(info_.summary.empty());
  EXPECT_FALSE(info_.source.empty());
  EXPECT_EQ(find_observer(info_.name), &info_);
}

TEST_P(AnyObserver, NoTokensChangeNothing) {
  const Tensor x = test::random_normal({4, 5}, 1);
  Tensor state = fresh(5);
  observe(x, 0, 0, state);
  EXPECT_EQ(any_of_bytes(state), any_of_bytes(fresh(5)));
  observe(x, 0, 4, state);
  const std::string before = any_of_bytes(state);
  observe(x, 0, 0, state);
  EXPECT_EQ(any_of_bytes(state), before);
}

TEST_P(AnyObserver, TokensInPiecesAreTheWholeText) {
  if (info_.by_window) GTEST_SKIP() << "its pieces are the windows";
  for (const std::int64_t cols : {1, 3, 257}) {
    const Tensor x = test::random_normal({30, cols}, 2);
    Tensor whole = fresh(cols), pieces = fresh(cols);
    observe(x, 0, 30, whole);
    observe(x, 0, 1, pieces);
    observe(x, 1, 13, pieces);
    observe(x, 14, 16, pieces);
    const auto a = values(whole), b = values(pieces);
    for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 2e-5) << cols;
  }
}

TEST_P(AnyObserver, TwoStatesMergeAsTheObserverSays) {
  constexpr std::int64_t kCols = 7;
  const Tensor x = test::random_normal({20, kCols}, 3);
  Tensor whole = fresh(kCols), first = fresh(kCols), second = fresh(kCols);
  observe(x, 0, 11, whole);
  observe(x, 11, 9, whole);
  observe(x, 0, 11, first);
  observe(x, 11, 9, second);
  const auto all = values(whole), a = values(first), b = values(second);
  if (info_.merge == Merge::kOwn) info_.merge_states(first, second);
  const auto merged = values(first);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double expected = info_.merge == Merge::kSum   ? a[i] + b[i]
                            : info_.merge == Merge::kMax ? std::max(a[i], b[i])
                            : info_.merge == Merge::kMin ? std::min(a[i], b[i])
                                                         : merged[i];
    EXPECT_NEAR(all[i], expected, 2e-5);
  }
}

TEST_P(AnyObserver, SameBitsForAnyNumberOfThreads) {
  constexpr std::int64_t kCols = 700;
  const Tensor x = test::random_normal({40, kCols}, 4);
  std::set<std::string> results;
  for (const int threads : {1, 2, 8}) {
    const test::ThreadSetting setting(threads);
    Tensor state = fresh(kCols);
    observe(x, 0, 40, state);
    results.insert(any_of_bytes(state));
  }
  EXPECT_EQ(results.size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(All, AnyObserver, testing::ValuesIn(observers()),
                         [](const auto& each) { return std::string(each.param->name); });

Tensor observed(const char* name, const Tensor& x) {
  const ObserverInfo& info = *find_observer(name);
  Tensor state = Tensor::zeros(info.dtype, info.shape(x.dim(1)));
  info.observe(x.data<float>(), x.dim(0), x.dim(1), state);
  return state;
}

TEST(Observer, ValuesAreThoseOfTheFormulas) {
  const std::vector<float> values = {1, -2, 0, -3, 0.5F, 0};
  const Tensor x = Tensor::from<float>({2, 3}, values);
  EXPECT_THAT(observed("sum", x).values<double>(), testing::ElementsAre(-2, -1.5, 0));
  EXPECT_THAT(observed("min", x).values<double>(), testing::ElementsAre(-3, -2, 0));
  EXPECT_THAT(observed("max", x).values<double>(), testing::ElementsAre(1, 0.5, 0));
  EXPECT_THAT(observed("max_abs", x).values<double>(), testing::ElementsAre(3, 2, 0));
  EXPECT_THAT(observed("sum_abs", x).values<double>(), testing::ElementsAre(4, 2.5, 0));
  EXPECT_THAT(observed("sum_squares", x).values<double>(), testing::ElementsAre(10, 4.25, 0));
  const Tensor products = observed("outer_product", x);
  EXPECT_EQ(products.shape(), (Shape{3, 3}));
  EXPECT_THAT(products.values<float>(), testing::ElementsAre(10, -3.5, 0, -3.5, 4.25, 0, 0, 0, 0));
}

TEST(Observer, UnknownNamesHaveNone) {
  EXPECT_EQ(find_observer(""), nullptr);
  EXPECT_EQ(find_observer("MAX_ABS"), nullptr);
}

TEST(Observer, NamesAreDistinct) {
  std::set<std::string_view> names;
  for (const ObserverInfo* info : observers()) EXPECT_TRUE(names.insert(info->name).second) << info->name;
}

}  // namespace

/// Names in test output, not addresses.
void PrintTo(const ObserverInfo* info, std::ostream* out) { *out << info->name; }

}  // namespace kerf::calibration
