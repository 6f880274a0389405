#include "emit/read_back.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/choice.h"
#include "api/emission.h"
#include "api/open_model.h"
#include "core/error.h"
#include "core/file.h"
#include "core/fingerprint.h"
#include "formats/gguf/container.h"
#include "quant/quantizer.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

namespace kerf::emit {
namespace {

using test::expect_error;
using testing::IsEmpty;

/// A golden model rounded to a scheme, on its way into a file.
class Rounded {
 public:
  Rounded(const std::string& name, const std::string& scheme, const std::string& activations = "")
      : model_(test::source_dir() + "/tests/golden/checkpoints/" + name),
        candidate_(api::make_candidate(model_, choice_of(scheme, activations), scheme)) {
    const quant::Quantizer quantizer(model_.walker(), {&candidate_}, {},
                                     std::make_shared<sweep::Budget>(1 << 20, "/tmp"));
  }
  EmitModel model() const { return api::emit_model(model_, candidate_, true); }

 private:
  static QuantizationChoice choice_of(const std::string& scheme, const std::string& activations) {
    QuantizationChoice choice;
    choice.scheme = scheme;
    choice.method = "rtn";
    choice.activations = activations;
    return choice;
  }
  api::OpenModel model_;
  quant::Candidate candidate_;
};

/// As the header defines it.
std::string values_hash(const EmitModel& model) {
  std::vector<Fingerprint> parts;
  for (const EmitTensor& tensor : model.tensors) {
    Tensor values = tensor.source->read();
    for (float& value : values.values<float>()) value = value == 0 ? 0 : value;  // of either sign
    const auto width = static_cast<std::size_t>(tensor.source->row_size());
    const std::size_t step = std::max<std::size_t>((std::size_t{1} << 18) / width, 1) * width;
    for (std::size_t at = 0; at < values.values<float>().size(); at += step) {
      const std::size_t count = std::min(step, values.values<float>().size() - at);
      parts.push_back(fingerprint(std::as_bytes(values.values<float>().subspan(at, count))));
    }
  }
  return to_string(combined(parts));
}

/// The whole output, not yet committed.
std::unique_ptr<Emission> write(const std::string& target, const EmitModel& model, const std::string& path) {
  auto emission = find_target(target).plan(model, {});
  emission->open(path, false);
  emission->write(model);
  return emission;
}

struct Case {
  const char* model;
  const char* scheme;
  const char* target;
};

void PrintTo(const Case& each, std::ostream* out) { *out << each.model << ", " << each.scheme << ", " << each.target; }

class ReadBack : public testing::TestWithParam<Case> {
 protected:
  test::TempDir folder_;
};

TEST_P(ReadBack, GivesTheHashOfTheMeasuredValues) {
  const Rounded rounded(GetParam().model, GetParam().scheme);
  const EmitModel model = rounded.model();
  const auto emission = write(GetParam().target, model, folder_ / "out.gguf");
  EXPECT_EQ(read_back(emission->readable_path(), model).weights_hash, values_hash(model));
  EXPECT_FALSE(path_exists(folder_ / "out.gguf")) << "only commit() gives the name";
  emission->commit();
  EXPECT_EQ(read_back(folder_ / "out.gguf", model).weights_hash, values_hash(model));
}

INSTANTIATE_TEST_SUITE_P(Outputs, ReadBack,
                         testing::Values(Case{"llama", "int4-g32", "gguf"},
                                         Case{"llama", "int4-g32", "compressed-tensors"},
                                         Case{"llama-bias", "q8_0", "gguf"}, Case{"llama", "f16", "gguf"},
                                         Case{"llama-tied-mha", "int8", "compressed-tensors"},
                                         Case{"llama3-rope", "q5_1", "gguf"}, Case{"gpt2", "q4_0", "gguf"},
                                         Case{"mixtral", "int4-g32", "mlx"}));

TEST(ReadBackOfOneRun, FormatsHoldTheSameValues) {
  const test::TempDir folder;
  const Rounded rounded("llama", "int4-g32");
  const EmitModel model = rounded.model();
  const auto file = write("gguf", model, folder / "out.gguf"),
             files = write("compressed-tensors", model, folder / "out");
  EXPECT_EQ(read_back(file->readable_path(), model).weights_hash,
            read_back(files->readable_path(), model).weights_hash);
}

TEST(ReadBackOfActivations, TheirRoundingIsPartOfWhatWasMeasured) {
  const test::TempDir folder;
  const Rounded rounded("llama", "int8", "int8-dynamic");
  EmitModel model = rounded.model();
  const auto emission = write("compressed-tensors", model, folder / "out");
  EXPECT_EQ(read_back(emission->readable_path(), model).weights_hash, values_hash(model));
  const auto changed = std::find_if(model.tensors.begin(), model.tensors.end(),
                                    [](const EmitTensor& tensor) { return tensor.input_quantizer != nullptr; });
  ASSERT_NE(changed, model.tensors.end());
  changed->input_quantizer = codec::make_dynamic_quantizer(codec::parse_activation_scheme("int8-dynamic-asym"));
  expect_error(ErrorCode::kMachine, "read back as int8-dynamic, measured was int8-dynamic-asym",
               [&] { read_back(emission->readable_path(), model); });
  changed->input_quantizer = nullptr;
  expect_error(ErrorCode::kMachine, "measured was none", [&] { read_back(emission->readable_path(), model); });
  expect_error(ErrorCode::kUsage, "gguf cannot say that activations are rounded",
               [&] { find_target("gguf").plan(rounded.model(), {}); });
}

/// Flips one bit of a file.
void flip(const std::string& path, std::uint64_t offset, int bit) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const char byte = static_cast<char>(file.get());
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(static_cast<char>(byte ^ (1 << bit)));
}

/// The message of the Error that reading back throws; empty if it throws none.
std::string refusal(const std::string& path, const EmitModel& model) {
  try {
    read_back(path, model);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ReadBackOfADamagedFile, OneBitInAnyTensorIsFoundAndNamed) {
  const test::TempDir folder;
  const Rounded rounded("llama", "q4_0");
  const EmitModel model = rounded.model();
  const auto emission = write("gguf", model, folder / "out.gguf");
  const std::string path = emission->readable_path();
  const auto container = formats::gguf::read_container(*InputFile::open(path));
  int bit = 0;
  for (const auto& info : container.tensors) {
    for (const std::uint64_t at : {info.offset, info.offset + info.bytes / 2 + 1, info.offset + info.bytes - 1}) {
      bit = (bit + 3) % 8;
      flip(path, at, bit);
      EXPECT_THAT(refusal(path, model), testing::HasSubstr("tensor '")) << info.name << " at " << at - info.offset;
      flip(path, at, bit);
    }
  }
  EXPECT_EQ(read_back(path, model).weights_hash, values_hash(model)) << "every bit was put back";
}

TEST(ReadBackOfADamagedFile, TheElementIsSaidWithBothValues) {
  const test::TempDir folder;
  const Rounded rounded("llama", "f32");
  const EmitModel model = rounded.model();
  const auto emission = write("gguf", model, folder / "out.gguf");
  const std::string path = emission->readable_path();
  const auto container = formats::gguf::read_container(*InputFile::open(path));
  const auto& info = *std::find_if(container.tensors.begin(), container.tensors.end(),
                                   [](const auto& each) { return each.name == "blk.1.ffn_up.weight"; });
  flip(path, info.offset + 4 * (3 * 64 + 7) + 3, 7);  // the sign of row 3, column 7
  expect_error(ErrorCode::kMachine, "tensor 'model.layers.1.mlp.up_proj.weight', row 3, column 7: read back ",
               [&] { read_back(path, model); });
  expect_error(ErrorCode::kMachine, path, [&] { read_back(path, model); });
}

TEST(ReadBackOfADamagedFile, AShorterFileIsRefused) {
  const test::TempDir folder;
  const Rounded rounded("llama", "q8_0");
  const EmitModel model = rounded.model();
  const auto emission = write("gguf", model, folder / "out.gguf");
  std::filesystem::resize_file(emission->readable_path(), std::filesystem::file_size(emission->readable_path()) - 1);
  expect_error(ErrorCode::kInput, "out.gguf", [&] { read_back(emission->readable_path(), model); });
}

TEST(ReadBackOfAnotherModel, MissingAndMisshapenTensorsAreNamed) {
  const test::TempDir folder;
  const Rounded rounded("llama", "q8_0");
  EmitModel model = rounded.model();
  const auto emission = write("gguf", model, folder / "out.gguf");
  EmitTensor extra = model.tensors.back();
  extra.name = "model.layers.7.surprise.weight";
  model.tensors.push_back(extra);
  expect_error(ErrorCode::kMachine, "tensor 'model.layers.7.surprise.weight' is not there when read back",
               [&] { read_back(emission->readable_path(), model); });
  model.tensors.pop_back();
  EmitTensor& first = model.tensors.front();
  first.source = graph::make_memory_source(Tensor::zeros(DType::kF32, {2, 3}), first.name);
  expect_error(ErrorCode::kMachine, "was read back as [160, 64], [2, 3] was written",
               [&] { read_back(emission->readable_path(), model); });
}

TEST(Emission, KnowsItsBytesBeforeAndLeavesNothingWithoutCommit) {
  for (const char* target : {"gguf", "compressed-tensors"}) {
    const test::TempDir folder;
    const Rounded rounded("llama", "int4-g32");
    const EmitModel model = rounded.model();
    { write(target, model, folder / "out.gguf"); }
    EXPECT_THAT(list_directory(folder.path()), IsEmpty());
    const auto emission = write(target, model, folder / "out.gguf");
    emission->commit();
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
      if (entry.is_regular_file()) bytes += entry.file_size();
    }
    EXPECT_EQ(emission->bytes(), bytes) << target;
    EXPECT_LT(emission->tensor_bytes(), bytes) << target;
  }
}

TEST(Emission, APlaceThatCannotBeWrittenFailsBeforeTheWork) {
  const Rounded rounded("llama", "int4-g32");
  const EmitModel model = rounded.model();
  for (const char* target : {"gguf", "compressed-tensors"}) {
    const test::TempDir folder;
    const auto emission = find_target(target).plan(model, {});
    expect_error(ErrorCode::kUsage, "absent/out", [&] { emission->open(folder / "absent/out", false); });
  }
}

}  // namespace
}  // namespace kerf::emit
