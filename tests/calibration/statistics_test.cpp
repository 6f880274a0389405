#include "calibration/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "calibration/statistics_file.h"
#include "core/threads.h"
#include "tests/support/expect_error.h"
#include "tests/support/random_tensor.h"

namespace kerf::calibration {
namespace {

constexpr std::int64_t kCols = 300, kRows = 70;  // more columns than one tile of the outer product

std::vector<std::string> all_observers() {
  std::vector<std::string> names;
  for (const ObserverInfo* info : observers()) names.emplace_back(info->name);
  return names;
}

Statistics observed(const Tensor& x) {
  Statistics statistics(kCols, all_observers());
  statistics.observe(x.data<float>(), x.dim(0));
  return statistics;
}

TEST(Statistics, HoldWhatTheirNamesSay) {
  const Tensor x = test::random_normal({kRows, kCols}, 1);
  const Statistics s = observed(x);
  const auto at = [&](std::int64_t r, std::int64_t c) { return static_cast<double>(x.data<float>()[r * kCols + c]); };
  for (const std::int64_t c : {std::int64_t{0}, std::int64_t{255}, std::int64_t{256}, kCols - 1}) {
    double sum = 0, squares = 0, most = 0, cross = 0;
    for (std::int64_t r = 0; r < kRows; ++r) {
      sum += std::abs(at(r, c));
      squares += at(r, c) * at(r, c);
      most = std::max(most, std::abs(at(r, c)));
      cross += at(r, c) * at(r, 3);
    }
    EXPECT_DOUBLE_EQ(s.state("sum_abs").values<double>()[static_cast<std::size_t>(c)], sum);
    EXPECT_DOUBLE_EQ(s.state("sum_squares").values<double>()[static_cast<std::size_t>(c)], squares);
    EXPECT_DOUBLE_EQ(s.state("max_abs").values<double>()[static_cast<std::size_t>(c)], most);
    const std::int64_t row = std::max<std::int64_t>(c, 3), col = std::min<std::int64_t>(c, 3);
    EXPECT_NEAR(s.state("outer_product").values<float>()[static_cast<std::size_t>(row * kCols + col)], cross, 1e-3);
  }
}

TEST(Statistics, DriftIsWhatInputsAreOffTimesTheInputs) {
  const Tensor reference = test::random_normal({kRows, kCols}, 5), x = test::random_normal({kRows, kCols}, 6);
  Statistics statistics(kCols, {});
  EXPECT_FALSE(statistics.drift().defined());
  statistics.observe_drift(reference.data<float>(), x.data<float>(), 30);
  statistics.observe_drift(reference.data<float>() + 30 * kCols, x.data<float>() + 30 * kCols, kRows - 30);
  const auto at = [](const Tensor& t, std::int64_t r, std::int64_t c) {
    return static_cast<double>(t.data<float>()[r * kCols + c]);
  };
  for (const std::int64_t i : {std::int64_t{0}, std::int64_t{130}, kCols - 1}) {
    for (const std::int64_t j : {std::int64_t{1}, std::int64_t{256}, kCols - 1}) {
      double sum = 0;
      for (std::int64_t r = 0; r < kRows; ++r) sum += (at(reference, r, i) - at(x, r, i)) * at(x, r, j);
      EXPECT_NEAR(at(statistics.drift(), i, j), sum, 1e-3) << i << ", " << j;
    }
  }
}

TEST(Statistics, TwoTextsMergedAreTheWholeText) {
  const Tensor x = test::random_normal({kRows, kCols}, 2);
  constexpr std::int64_t kFirst = 31;
  Statistics first(kCols, all_observers()), second(kCols, all_observers());
  first.observe(x.data<float>(), kFirst);
  second.observe(x.data<float>() + kFirst * kCols, kRows - kFirst);
  first.merge(second);
  Statistics whole(kCols, all_observers());
  whole.observe(x.data<float>(), kFirst);
  whole.observe(x.data<float>() + kFirst * kCols, kRows - kFirst);
  EXPECT_EQ(first.tokens(), whole.tokens());
  for (const auto& [name, state] : whole.states()) {
    for (std::int64_t i = 0; i < state.size(); i += 37) {
      const auto at = static_cast<std::size_t>(i);
      if (state.dtype() == DType::kF64) {
        EXPECT_NEAR(first.state(name).values<double>()[at], state.values<double>()[at], 1e-9) << name;
      } else {
        EXPECT_NEAR(first.state(name).values<float>()[at], state.values<float>()[at], 1e-3) << name;
      }
    }
  }
}

TEST(Statistics, SameBitsForAnyNumberOfThreads) {
  const Tensor x = test::random_normal({kRows, kCols}, 3);
  const int before = thread_count();
  set_thread_count(1);
  const Statistics one = observed(x);
  set_thread_count(3);
  const Statistics three = observed(x);
  set_thread_count(before);
  const auto a = one.state("outer_product").values<float>(), b = three.state("outer_product").values<float>();
  EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin()));
}

class StatisticsFile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("kerf_statistics_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return folder_ / name; }

  ModelStatistics sample() const {
    ModelStatistics model;
    auto shared = std::make_shared<Statistics>(observed(test::random_normal({kRows, kCols}, 4)));
    model.by_weight["layers.0.q"] = shared;
    model.by_weight["layers.0.k"] = shared;
    model.by_weight["layers.0.o"] = std::make_shared<Statistics>(observed(test::random_normal({kRows, kCols}, 5)));
    model.windows = 2;
    model.tokens = kRows;
    model.text_sha256 = "abc";
    return model;
  }

  std::filesystem::path folder_;
};

TEST_F(StatisticsFile, ReadsBackWhatWasWritten) {
  const ModelStatistics written = sample();
  write_statistics(path("s"), written);
  EXPECT_TRUE(is_statistics_file(path("s")));
  const ModelStatistics read = read_statistics(path("s"));
  EXPECT_EQ(read.tokens, written.tokens);
  EXPECT_EQ(read.by_weight.at("layers.0.q"), read.by_weight.at("layers.0.k"));
  for (const auto& [name, state] : written.by_weight) {
    for (const auto& [observer, tensor] : state->states()) {
      const Tensor& other = read.by_weight.at(name)->state(observer);
      ASSERT_EQ(other.bytes(), tensor.bytes());
      EXPECT_EQ(std::memcmp(other.raw(), tensor.raw(), tensor.bytes()), 0) << name << " " << observer;
    }
  }
}

TEST_F(StatisticsFile, MergingTwoFilesAddsThemUp) {
  ModelStatistics a = sample();
  const ModelStatistics b = sample();
  merge_into(a, b);
  EXPECT_EQ(a.tokens, 2 * kRows);
  const auto twice = a.by_weight.at("layers.0.o")->state("sum_abs").values<double>();
  const auto once = b.by_weight.at("layers.0.o")->state("sum_abs").values<double>();
  for (std::size_t c = 0; c < twice.size(); ++c) EXPECT_DOUBLE_EQ(twice[c], 2 * once[c]);
}

TEST_F(StatisticsFile, OtherFilesAreRefused) {
  std::ofstream(path("text")) << "not statistics at all";
  EXPECT_FALSE(is_statistics_file(path("text")));
  test::expect_error(ErrorCode::kInput, "text", [&] { read_statistics(path("text")); });
  write_statistics(path("s"), sample());
  std::filesystem::resize_file(path("s"), std::filesystem::file_size(path("s")) - 8);
  test::expect_error(ErrorCode::kInput, "s", [&] { read_statistics(path("s")); });
}

}  // namespace
}  // namespace kerf::calibration
