#include "formats/pytorch/storages.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "formats/pytorch/legacy.h"
#include "formats/pytorch/reader.h"
#include "formats/pytorch/state_dict.h"
#include "tests/formats/pytorch/torch_bytes.h"
#include "tests/formats/safetensors/pieces.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::pytorch {
namespace {

using namespace std::string_literals;
using safetensors::StoredTensors;
using test::bytes_of;
using test::expect_error;
using test::pickle_of;
using test::pickled_dict;
using test::pickled_integer;
using test::pickled_name;
using test::pickled_storage;
using test::pickled_tensor;
using test::pickled_text;
using test::pickled_tuple;
using test::zip_of;

using Entries = std::vector<std::pair<std::string, std::string>>;

const std::string kSix = bytes_of<float>({1, 2, 3, 4, 5, 6});

class PyTorch : public ::testing::Test {
 protected:
  StoredTensors open(const std::string& bytes) {
    notes_.clear();
    return open_checkpoint_file(folder_.write("model.bin", bytes), notes_);
  }
  void expect_refused(const std::string& bytes, std::string_view part) {
    expect_error(ErrorCode::kInput, part, [&] { open(bytes); });
  }
  static std::vector<float> values(const safetensors::StoredTensor& tensor) {
    const auto source = safetensors::make_source(tensor);
    std::vector<float> found(static_cast<std::size_t>(source->rows() * source->row_size()));
    source->read_rows(0, source->rows(), found.data());
    return found;
  }

  test::TempDir folder_;
  std::vector<std::string> notes_;
};

/// An archive with storages "0", "1", ...
std::string archive(const Entries& entries, const std::vector<std::string>& storages) {
  std::vector<test::ZipItem> items = {{.name = "archive/data.pkl", .data = pickle_of(pickled_dict(entries))},
                                      {.name = "archive/byteorder", .data = "little"}};
  for (std::size_t i = 0; i < storages.size(); ++i) {
    items.push_back({.name = "archive/data/" + std::to_string(i), .data = storages[i]});
  }
  return zip_of(items);
}

std::string view(std::int32_t offset, const std::vector<std::int32_t>& sizes,
                 const std::vector<std::int32_t>& strides) {
  return pickled_tensor(pickled_storage("FloatStorage", "0", 6), offset, sizes, strides);
}

TEST_F(PyTorch, ReadsTensorsOfOneStorage) {
  const auto tensors = open(archive({{"whole", view(0, {2, 3}, {3, 1})},
                                     {"tied", view(0, {2, 3}, {3, 1})},
                                     {"row", view(3, {3}, {1})},
                                     {"transposed", view(0, {3, 2}, {1, 3})},
                                     {"column", view(1, {2}, {3})},
                                     {"outer", view(0, {2, 2}, {3, 2})},
                                     {"scalar", view(4, {}, {})},
                                     {"flat", view(0, {2, 1, 3}, {3, 77, 1})},
                                     {"empty", view(0, {0, 3}, {3, 1})}},
                                    {kSix}));
  EXPECT_EQ(values(tensors.at("whole")), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(tensors.at("tied").entry.offset, tensors.at("whole").entry.offset);
  EXPECT_EQ(values(tensors.at("row")), (std::vector<float>{4, 5, 6}));
  EXPECT_EQ(values(tensors.at("transposed")), (std::vector<float>{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(values(tensors.at("column")), (std::vector<float>{2, 5}));
  EXPECT_EQ(values(tensors.at("outer")), (std::vector<float>{1, 3, 4, 6}));
  EXPECT_EQ(values(tensors.at("scalar")), (std::vector<float>{5}));
  EXPECT_TRUE(tensors.at("flat").strides.empty()) << "the stride of a dimension of one does not matter";
  EXPECT_EQ(tensors.at("empty").entry.bytes, 0U);
  EXPECT_TRUE(notes_.empty());
}

/// Any part of a strided tensor can be read, as rows are by those who use it.
TEST_F(PyTorch, StridedRowsCanBeReadByThemselves) {
  const auto tensors = open(archive({{"t", view(0, {3, 2}, {1, 3})}}, {kSix}));
  const auto source = safetensors::make_source(tensors.at("t"));
  std::vector<float> row(2);
  source->read_rows(1, 1, row.data());
  EXPECT_EQ(row, (std::vector<float>{2, 5}));
}

TEST_F(PyTorch, ReadsTheDictOfATrainingScript) {
  const std::string state = pickled_dict({{"w", view(0, {6}, {1})}});
  const auto tensors = open(archive({{"epoch", pickled_integer(3)}, {"state_dict", state}, {"best", "N"}}, {kSix}));
  EXPECT_TRUE(tensors.contains("w"));
  ASSERT_EQ(notes_.size(), 1U);
  EXPECT_EQ(notes_[0], "model.bin has 2 more entries beside state_dict, which are left aside");
  expect_refused(archive({{"epoch", pickled_integer(3)}, {"model", state}}, {kSix}),
                 "is a training checkpoint with its weights under 'model'; save that part alone");
  expect_refused(archive({{"w", view(0, {6}, {1})}, {"step", pickled_integer(3)}}, {kSix}),
                 "tensor 'step': found an integer, expected a tensor");
}

TEST_F(PyTorch, ReadsParametersAndDtypes) {
  const std::string parameter =
      pickled_name("torch._utils", "_rebuild_parameter") + pickled_tuple({view(0, {6}, {1}), "\x88", "}"}) + "R";
  const std::string untyped = pickled_tuple({pickled_text("storage"), pickled_name("torch.storage", "UntypedStorage"),
                                             pickled_text("1"), pickled_text("cpu"), "K\x04"}) +
                              "Q";
  const std::string float8 = pickled_name("torch._utils", "_rebuild_tensor_v3") +
                             pickled_tuple({untyped, "K\x01", test::pickled_sizes({3}), test::pickled_sizes({1}),
                                            "\x89", "}", pickled_name("torch", "float8_e4m3fn")}) +
                             "R";
  const auto tensors = open(archive({{"p", parameter}, {"f8", float8}}, {kSix, "\x38\x40\xb8\x30"}));
  EXPECT_EQ(values(tensors.at("p")).size(), 6U);
  EXPECT_EQ(tensors.at("f8").entry.dtype, DType::kF8E4M3);
  EXPECT_EQ(values(tensors.at("f8")), (std::vector<float>{2, -1, 0.5F}));
}

TEST_F(PyTorch, ViewsMustLieInTheirStorage) {
  const auto one = [&](const std::string& tensor) { return archive({{"w", tensor}}, {kSix}); };
  expect_refused(one(view(0, {7}, {1})),
                 "tensor 'w': has shape [7] with strides [1] from element 0, beyond its storage");
  expect_refused(one(view(1, {2, 3}, {3, 1})), "beyond its storage of 6 elements");
  expect_refused(one(view(0, {2}, {6})), "beyond its storage");
  expect_refused(one(view(-1, {2}, {1})), "found a negative number where an offset should be");
  expect_refused(one(view(0, {2}, {-1})), "found a negative number where strides should be");
  expect_refused(one(view(0, {2, 3}, {1})), "found 2 sizes and 1 strides");
  expect_refused(one(view(0, {1000, 1000}, {0, 0})), "repeats elements of its storage");
  expect_refused(one(view(0, {1 << 30, 1 << 30, 1 << 30}, {0, 0, 0})), "overflows 64 bits");
  expect_refused(one(view(0, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1})), "has 9 dimensions");
  expect_refused(one(pickled_tensor(pickled_storage("FloatStorage", "0", 7), 0, {1}, {1})),
                 "is in storage '0' of 28 bytes, but the file has 24 of them");
  expect_refused(one(pickled_tensor(pickled_storage("FloatStorage", "9", 6), 0, {1}, {1})),
                 "is in storage '9', which the file does not have");
  expect_refused(one(pickled_tensor(pickled_text("storage"), 0, {1}, {1})), "found a string where a storage should be");
  expect_refused(archive({{"w", view(0, {1}, {1})}, {"w", view(0, {1}, {1})}}, {kSix}), "tensor 'w': is there twice");
}

TEST_F(PyTorch, ArchivesMustBeTorchs) {
  const std::string pickle = pickle_of(pickled_dict({}));
  expect_refused(zip_of({{.name = "a.txt", .data = "x"}}), "is a ZIP archive without data.pkl");
  expect_refused(zip_of({{.name = "m/data.pkl", .data = pickle}, {.name = "m/constants.pkl", .data = ""}}),
                 "is a TorchScript program");
  expect_refused(zip_of({{.name = "m/data.pkl", .data = pickle}, {.name = "n/data.pkl", .data = pickle}}),
                 "is a second pickle");
  expect_refused(zip_of({{.name = "m/data.pkl", .data = pickle}, {.name = "m/byteorder", .data = "big"}}),
                 "found the byte order 'big', expected 'little'");
  expect_refused(zip_of({{.name = "m/data.pkl", .data = pickle + "x"}}), "behind the end of the pickle");
  expect_refused(zip_of({{.name = "m/data.pkl", .data = pickle_of("K\x01")}}), "holds an integer, expected a dict");
  EXPECT_TRUE(open(zip_of({{.name = "m/data.pkl", .data = pickle}})).empty());
}

std::string legacy(const std::string& dict, const std::string& keys, const std::string& storages,
                   const std::string& little = "\x88") {
  return pickle_of("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"s) + pickle_of("M\xe9\x03") +
         pickle_of("}(" + pickled_text("little_endian") + little + "u") + pickle_of(dict) + pickle_of(keys) + storages;
}

TEST_F(PyTorch, ReadsFilesOfBefore16) {
  const std::string whole = pickled_tensor(pickled_storage("FloatStorage", "77", 6, "N"), 0, {6}, {1});
  const std::string part = pickled_tuple({pickled_text("78"), "K\x02", "K\x03"});
  const std::string inside = pickled_tensor(pickled_storage("FloatStorage", "77", 6, part), 1, {2}, {1});
  const std::string dict = pickled_dict({{"w", whole}, {"v", inside}});
  const std::string storage = bytes_of<std::int64_t>({6}) + kSix;
  const std::string keys = "](" + pickled_text("77") + "e";
  const auto tensors = open(legacy(dict, keys, storage));
  EXPECT_EQ(values(tensors.at("w")).size(), 6U);
  EXPECT_EQ(values(tensors.at("v")), (std::vector<float>{4, 5}));

  expect_refused(legacy(dict, keys, storage, "\x89"), "found the byte order 'big'");
  expect_refused(legacy(dict, keys, storage + "x"), "has 1 bytes behind the last storage");
  expect_refused(legacy(dict, keys, bytes_of<std::int64_t>({-1}) + kSix), "an unfinished download or copy");
  expect_refused(legacy(dict, "](" + pickled_text("77") + pickled_text("77") + "e", storage + storage),
                 "is in the file twice");
  expect_refused(legacy(dict, "](" + pickled_text("5") + "e", storage), "storage '5': belongs to no tensor");
  expect_refused(legacy(dict, "]", ""), "is in storage '77', which the file does not have");
  const std::string file = legacy(dict, keys, storage);
  for (std::size_t length = 0; length < file.size(); ++length) expect_refused(file.substr(0, length), "model.bin");
}

TEST_F(PyTorch, SaysWhatTheFileIsInstead) {
  expect_refused("", "is empty");
  expect_refused("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "a Git LFS pointer");
  expect_refused("<!DOCTYPE html>", "an HTML page");
  expect_refused("\x1f\x8b\x08", "compressed by gzip");
  expect_refused("\x01\x02\x03", "found neither a ZIP archive nor a pickle");
  expect_refused(pickle_of("N"), "does not begin with PyTorch's magic number");
}

}  // namespace
}  // namespace kerf::formats::pytorch
