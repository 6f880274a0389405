#include "formats/gguf/importance.h"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "core/output.h"
#include "formats/gguf/architecture.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::gguf {
namespace {

using test::expect_error;
using testing::ElementsAre;
using testing::SizeIs;

std::string golden(const std::string& name) { return test::source_dir() + "/tests/golden/importance/" + name; }

TEST(ImportanceFile, ReadsWhatLlamaCppWrote) {
  const ImportanceFile file = read_importance_file(golden("tiny-llama.gguf"));
  EXPECT_THAT(file.entries, SizeIs(28));
  EXPECT_THAT(file.datasets, ElementsAre("text.txt"));
  EXPECT_EQ(file.chunks, 6);
  EXPECT_EQ(file.chunk_size, 64);
  EXPECT_EQ(file.entries.front().name, "blk.0.attn_k.weight");
  EXPECT_THAT(file.entries.front().counts, ElementsAre(384));
  EXPECT_THAT(file.entries.front().sums, SizeIs(256));
}

/// Both forms say the same: sums over counts.
TEST(ImportanceFile, TheOlderFormHasTheSameMeans) {
  const ImportanceFile file = read_importance_file(golden("tiny-llama.gguf")),
                       older = read_importance_file(golden("tiny-llama.dat"));
  ASSERT_EQ(older.entries.size(), file.entries.size());
  EXPECT_EQ(older.chunks, 6);
  EXPECT_THAT(older.datasets, ElementsAre("text.txt"));
  for (std::size_t e = 0; e < file.entries.size(); ++e) {
    EXPECT_EQ(older.entries[e].name, file.entries[e].name);
    EXPECT_THAT(older.entries[e].counts, ElementsAre(6 * kLegacyChunk));
    for (std::size_t i = 0; i < file.entries[e].sums.size(); ++i) {
      const double mean = static_cast<double>(file.entries[e].sums[i]) / 384;
      EXPECT_NEAR(static_cast<double>(older.entries[e].sums[i]) / (6 * kLegacyChunk), mean, 1e-6 * mean);
    }
  }
}

TEST(ImportanceFile, WhatIsWrittenIsRead) {
  const test::TempDir folder;
  const std::string path = folder.path() + "/i.gguf";
  const ImportanceFile file{
      {{"blk.1.ffn_down_exps.weight", {1, 2, 3, 4, 5, 6}, {7, 0}}, {"blk.0.attn_q.weight", {0.5F}, {9}}},
      {"a", "b"},
      3,
      512};
  write_importance_file(path, file);
  EXPECT_TRUE(is_importance_file(path));
  const ImportanceFile read = read_importance_file(path);
  ASSERT_THAT(read.entries, SizeIs(2));
  EXPECT_EQ(read.entries[0].name, "blk.0.attn_q.weight") << "by name";
  EXPECT_EQ(read.entries[1].sums, file.entries[0].sums);
  EXPECT_EQ(read.entries[1].counts, file.entries[0].counts);
  EXPECT_EQ(read.datasets, file.datasets);
  EXPECT_EQ(read.chunks, 3);
}

TEST(ImportanceFile, TextIsNone) {
  const test::TempDir folder;
  folder.write("t.txt", "Some calibration text, as long as one likes.");
  folder.write("short.txt", "GG");
  EXPECT_FALSE(is_importance_file(folder.path() + "/t.txt"));
  EXPECT_FALSE(is_importance_file(folder.path() + "/short.txt"));
  EXPECT_FALSE(is_importance_file(folder.path()));
  EXPECT_TRUE(is_importance_file(golden("tiny-llama.dat")));
}

/// The older form in pieces.
std::string number(std::int32_t value) { return {reinterpret_cast<const char*>(&value), sizeof(value)}; }
std::string entry(const std::string& name, std::int32_t chunks, const std::vector<float>& values) {
  return number(static_cast<std::int32_t>(name.size())) + name + number(chunks) +
         number(static_cast<std::int32_t>(values.size())) +
         std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

class OlderForm : public testing::Test {
 protected:
  ImportanceFile read(const std::string& bytes) {
    folder_.write("i.dat", bytes);
    return read_importance_file(folder_.path() + "/i.dat");
  }
  void refused(const std::string& bytes, const std::string& part) {
    expect_error(ErrorCode::kInput, part, [&] { read(bytes); });
  }
  test::TempDir folder_;
};

TEST_F(OlderForm, TheEndMayBeMissing) {
  EXPECT_THAT(read(number(1) + entry("a", 2, {1, 2})).entries, SizeIs(1));
  EXPECT_EQ(read(number(1) + entry("a", 2, {1, 2}) + number(2) + number(3) + "abc").datasets.front(), "abc");
}

TEST_F(OlderForm, IsRefusedWhereItDoesNotAgreeWithItself) {
  const std::string good = entry("a", 2, {1, 2});
  refused(number(0) + good, "number of entries");
  refused(number(-5) + good, "number of entries");
  refused(number(2) + good, "a count of 2");
  refused(number(2) + good + good, "appears twice");
  refused(number(1) + number(600) + good, "length of a name");
  refused(number(1) + number(-1) + good, "length of a name");
  refused(number(1) + entry("a", 0, {1, 2}), "number of chunks");
  refused(number(1) + number(1) + "a" + number(1) + number(1 << 30) + "1234", "number of values");
  refused(number(1) + entry("a", 1, {}) + number(1), "number of values");
  refused(number(1) + entry("a", 1, {-1, 1}), "expected a mean square");
  refused(number(1) + entry("a", 1, {std::numeric_limits<float>::infinity()}), "expected a mean square");
  refused(number(1) + entry("a\xff", 1, {1}), "not valid UTF-8");
  refused(number(1) + good + number(2) + number(3) + "abcd", "follow the last entry");
  const std::string whole = number(2) + good + entry("b", 1, {3}) + number(2) + number(3) + "abc";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const bool complete = size == whole.size() - 3 - 4 - 4;
    if (complete) continue;
    EXPECT_THROW(read(whole.substr(0, size)), Error) << size;
  }
}

TEST(ImportanceFile, GgufFilesThatAreNoneAreRefused) {
  const test::TempDir folder;
  const std::string path = folder.path() + "/i.gguf";
  const auto refused = [&](const ImportanceFile& file, const std::string& part) {
    write_importance_file(path, file);
    expect_error(ErrorCode::kInput, part, [&] { read_importance_file(path); });
  };
  refused({{{"a", {-1, 1}, {1}}}, {}, 1, 1}, "expected a sum of squares");
  refused({{{"a", {1, 1}, {-1}}}, {}, 1, 1}, "expected a sum of squares");
  refused({{}, {}, 1, 1}, "holds nothing");
  // A byte of a name: the pair falls apart.
  write_importance_file(path, {{{"a", {1, 1}, {1}}}, {}, 1, 1});
  std::string bytes = read_file(path, 1 << 20);
  const std::size_t at = bytes.find("a.counts");
  bytes[at] = 'b';
  write_file(path, bytes);
  expect_error(ErrorCode::kInput, "is missing", [&] { read_importance_file(path); });
  bytes.replace(at, 8, "a.cOunts");
  write_file(path, bytes);
  expect_error(ErrorCode::kInput, "no part of an importance file", [&] { read_importance_file(path); });
  bytes.replace(bytes.find("imatrix"), 7, "imatrax");
  write_file(path, bytes);
  expect_error(ErrorCode::kInput, "is not 'imatrix'", [&] { read_importance_file(path); });
}

graph::Weight weight_of(graph::Role role, int layer, int expert = -1) {
  graph::Weight weight;
  weight.role = role;
  weight.layer = layer;
  weight.expert = expert;
  return weight;
}

TEST(ImportancePlace, NamesAreThoseOfTheArchitectures) {
  // Of every architecture's matrices inside the layers.
  std::set<std::string> names;
  for (int role = 0; role <= static_cast<int>(graph::Role::kOther); ++role) {
    if (const auto place = importance_place(weight_of(static_cast<graph::Role>(role), 3), false))
      names.insert(place->name);
    if (const auto place = importance_place(weight_of(static_cast<graph::Role>(role), 3, 0), true))
      names.insert(place->name);
  }
  int found = 0;
  for (const Architecture* architecture : architectures()) {
    for (const TensorRule& rule : architecture->tensors) {
      const std::string name = expand(rule.gguf, 3);
      if (name.find("blk.3.") != 0 || name.find("norm") != std::string::npos ||
          name.find(".weight") == std::string::npos)
        continue;
      EXPECT_TRUE(names.contains(name)) << name;
      ++found;
    }
  }
  EXPECT_GE(found, 11);
}

TEST(ImportancePlace, ExpertsShareATensor) {
  const auto place = importance_place(weight_of(graph::Role::kDown, 2, 5), true);
  EXPECT_EQ(place->name, "blk.2.ffn_down_exps.weight");
  EXPECT_EQ(place->matrix, 5);
  EXPECT_EQ(importance_place(weight_of(graph::Role::kDown, 2), true)->name, "blk.2.ffn_down_shexp.weight");
  EXPECT_EQ(importance_place(weight_of(graph::Role::kQuery, 2), true)->name, "blk.2.attn_q.weight");
  EXPECT_EQ(importance_place(weight_of(graph::Role::kHead, -1), true)->name, "output.weight");
  EXPECT_FALSE(importance_place(weight_of(graph::Role::kEmbedding, -1), false));
  EXPECT_FALSE(importance_place(weight_of(graph::Role::kDown, -1), false));
}

}  // namespace
}  // namespace kerf::formats::gguf
