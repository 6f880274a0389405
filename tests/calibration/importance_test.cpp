#include "calibration/importance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/golden_model.h"

namespace kerf::calibration {
namespace {

using formats::gguf::ImportanceEntry;
using formats::gguf::ImportanceFile;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Every weight of the layers with squares and tokens of its own, made from its id.
ModelStatistics made_statistics(const test::GoldenModel& model) {
  ModelStatistics result;
  for (const sweep::Site& site : model.walker.plan().sites) {
    const graph::Weight& weight = model.built.graph.value(site.weight).weight;
    Tensor squares(DType::kF64, {weight.source->row_size()});
    for (std::int64_t c = 0; c < squares.size(); ++c)
      squares.data<double>()[c] = site.weight + 0.25 * static_cast<double>(c);
    auto seen = std::make_shared<Statistics>();
    seen->restore(weight.source->row_size(), 100 + site.weight, {{"sum_squares", squares}});
    result.by_weight[weight.name] = seen;
  }
  result.windows = 4;
  result.tokens = 2048;
  return result;
}

/// There and back for a mixture of experts: only what llama.cpp leaves out is lost.
TEST(Importance, ExpertsGoIntoOneEntryAndOut) {
  const test::GoldenModel model("qwen3-moe");
  const ModelStatistics before = made_statistics(model);
  const ImportanceFile file = to_importance(model.built.graph, before);
  EXPECT_EQ(file.chunks, 4);
  EXPECT_EQ(file.chunk_size, 512);
  bool experts = false;
  for (const ImportanceEntry& entry : file.entries) {
    EXPECT_THAT(entry.name, testing::StartsWith("blk."));
    experts = experts || entry.counts.size() == 4;
  }
  EXPECT_TRUE(experts) << "four experts in one entry";
  std::vector<std::string> notes;
  const ModelStatistics after = from_importance(model.built.graph, file, "i.gguf", notes);
  EXPECT_THAT(notes, IsEmpty());
  EXPECT_TRUE(after.partial);
  int checked = 0;
  for (const sweep::Site& site : model.walker.plan().sites) {
    const graph::Weight& weight = model.built.graph.value(site.weight).weight;
    EXPECT_EQ(after.by_weight.contains(weight.name), weight.layer >= 0) << weight.name;
    if (weight.layer < 0) continue;
    const Statistics& seen = *after.by_weight.at(weight.name);
    EXPECT_EQ(seen.tokens(), 100 + site.weight) << weight.name;
    EXPECT_EQ(seen.state("sum_squares").data<double>()[1], site.weight + 0.25) << weight.name;
    ++checked;
  }
  EXPECT_GT(checked, 20);
}

TEST(Importance, FilesOfOtherModelsAreRefusedOrNoted) {
  const test::GoldenModel model("llama");
  ImportanceFile file = to_importance(model.built.graph, made_statistics(model));
  std::vector<std::string> notes;
  const auto refused = [&](const ImportanceFile& other, const std::string& part) {
    test::expect_error(ErrorCode::kInput, part, [&] { from_importance(model.built.graph, other, "i.gguf", notes); });
  };
  refused({{{"blk.9.attn_q.weight", {1}, {1}}}, {}, 1, 1}, "of another one");
  refused({{{"blk.0.attn_q.weight", {1, 2, 3}, {1}}}, {}, 1, 1}, "has 3 sums");
  refused({{{"blk.0.attn_q.weight", std::vector<float>(128), {1, 1}}}, {}, 1, 1}, "is of 2 matrices");
  file.entries.push_back({"blk.77.attn_q.weight", {1}, {1}});
  from_importance(model.built.graph, file, "i.gguf", notes);
  ASSERT_THAT(notes, SizeIs(1));
  EXPECT_THAT(notes.front(), HasSubstr("1 of 15 entries are of no weight of this model; first 'blk.77.attn_q.weight'"));
}

}  // namespace
}  // namespace kerf::calibration
