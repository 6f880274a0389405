// Adapters of golden checkpoints against tests/golden/make_lora.py: merged tensors from plain Python in double
// precision, and logits from peft's definitions in PyTorch, where nothing is merged.
#include "api/adapters.h"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "api/open_model.h"
#include "core/file.h"
#include "formats/safetensors/reader.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

namespace kerf {
namespace {

const std::string kGolden = test::source_dir() + "/tests/golden/";

struct Case {
  std::string folder;
};
void PrintTo(const Case& golden, std::ostream* out) { *out << file_name(golden.folder); }

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::string& name : list_directory(kGolden + "lora")) all.push_back({kGolden + "lora/" + name});
  return all;
}

ModelInput adapted(const Case& golden) {
  const std::string file = join_path(golden.folder, "adapter_config.json");
  const Json config = Json::parse(read_file(file, 1 << 20), file);
  ModelInput input = kGolden + config.find("base_model_name_or_path")->as_string();
  input.adapters = {{golden.folder}};
  return input;
}

double deviation(const Tensor& found, const Tensor& expected) {
  EXPECT_EQ(found.shape(), expected.shape());
  double difference = 0, largest = 0;
  for (std::int64_t i = 0; i < expected.size(); ++i) {
    const double wanted = expected.data<float>()[i];
    difference = std::max(difference, std::abs(static_cast<double>(found.data<float>()[i]) - wanted));
    largest = std::max(largest, std::abs(wanted));
  }
  return difference / largest;
}

class AdapterGolden : public ::testing::TestWithParam<Case> {};

TEST_P(AdapterGolden, MergedTensorsAreTheFormulas) {
  const api::OpenModel model(adapted(GetParam()));
  const formats::safetensors::Reader expected(join_path(GetParam().folder, "expected.safetensors"));
  int compared = 0;
  for (const auto& [name, entry] : expected.header().tensors) {
    if (name == "logits" || name == "input_ids") continue;
    SCOPED_TRACE(name);
    const Tensor wanted = expected.read_tensor(name);
    EXPECT_LT(deviation(model.checkpoint().tensors.at(name)->read(), wanted), 1e-6);
    const api::OpenModel base(adapted(GetParam()).path);
    const auto before = base.checkpoint().tensors.find(name);
    // A head that gets its own tensor is not in the base.
    if (before != base.checkpoint().tensors.end()) EXPECT_GT(deviation(before->second->read(), wanted), 1e-2);
    ++compared;
  }
  EXPECT_GT(compared, 0);
}

TEST_P(AdapterGolden, LogitsAreThoseOfTheAdaptedModel) {
  const test::TempDir dir;
  const std::string expected = join_path(GetParam().folder, "expected.safetensors");
  const formats::safetensors::Reader reader(expected);
  if (!reader.header().tensors.contains("logits")) GTEST_SKIP() << "made without --logits";
  // The inputs alone: other tensors of the file are no inputs.
  const auto ids = reader.stored("input_ids");
  std::string bytes(ids.entry.bytes, '\0');
  ids.read(0, std::as_writable_bytes(std::span(bytes)));
  const std::string header = R"({"input_ids":{"dtype":"I64","shape":)" + to_string(ids.entry.shape) +
                             R"(,"data_offsets":[0,)" + std::to_string(bytes.size()) + "]}}";
  std::string length(8, '\0');
  length[0] = static_cast<char>(header.size());
  logits(adapted(GetParam()), dir.write("inputs.safetensors", length + header + bytes), dir / "logits.safetensors", {});
  const Tensor found = formats::safetensors::Reader(dir / "logits.safetensors").read_tensor("logits");
  EXPECT_LT(deviation(found, reader.read_tensor("logits")), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(, AdapterGolden, ::testing::ValuesIn(cases()), [](const auto& info_of_case) {
  std::string name = file_name(info_of_case.param.folder);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace kerf
