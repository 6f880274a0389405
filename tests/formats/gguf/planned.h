#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "formats/checkpoint.h"
#include "formats/gguf/writer.h"
#include "models/model_graph.h"
#include "tests/support/expect_error.h"
#include "tests/support/gguf_model.h"
#include "tests/support/source_dir.h"

namespace kerf::formats::gguf {

/// A model with nothing but its description, and a plan of its tensors.
struct Planned {
  description::Model model;
  description::Tokenizer tokenizer;
  std::vector<PlannedTensor> tensors;

  explicit Planned(const std::string& name, const std::string& scheme = "f32") {
    const Checkpoint checkpoint = open_checkpoint(test::source_dir() + "/tests/golden/checkpoints/" + name);
    model = models::build_model(JsonCursor(checkpoint.config, "config.json"), checkpoint.tensors).model;
    tensors = test::plan_gguf(checkpoint, scheme, "f32").tensors;
  }
  PlannedTensor& tensor(std::string_view part) {
    return *std::find_if(tensors.begin(), tensors.end(),
                         [&](const PlannedTensor& one) { return one.name.find(part) != std::string::npos; });
  }
  GgufPlan plan() const { return gguf::plan(model, tokenizer, tensors); }
  void expect_refused(std::string_view message) const {
    test::expect_error(ErrorCode::kUsage, message, [&] { plan(); });
  }
  /// Writes with every float tensor filled with `value`.
  void write(const std::string& path, float value) const {
    const GgufPlan planned = plan();
    OutputFile output(path);
    write_gguf(planned, output, [&](std::size_t i) -> TensorData {
      Tensor values(DType::kF32, tensors[i].shape);
      std::fill(values.values<float>().begin(), values.values<float>().end(), value);
      return values;
    });
    output.commit();
  }
};

}  // namespace kerf::formats::gguf
