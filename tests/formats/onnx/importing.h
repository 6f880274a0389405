#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/model_graph.h"
#include "tests/formats/onnx/model_builder.h"
#include "tests/support/expect_error.h"
#include "tests/support/reference_executor.h"

namespace kerf::formats::onnx {

/// Ids of one window, [1, length].
inline Tensor some_ids(std::int64_t length = 4) {
  std::vector<std::int64_t> ids;
  for (std::int64_t i = 0; i < length; ++i) ids.push_back((i * 3 + 1) % 11);
  return test::tensor_of<std::int64_t>({1, length}, ids);
}

inline Tensor run(const ImportedModel& imported, const Tensor& ids = some_ids()) {
  const models::ModelGraph model{imported.description, imported.graph, {}};
  return test::run_model(model, {{"input_ids", ids}});
}

/// The import fails with a message that has this in it.
inline void expect_refusal(const ModelBuilder& builder, const std::string& message) {
  test::expect_error(ErrorCode::kInput, message, [&] { builder.import(); });
}

/// An embedding and a head.
inline ModelBuilder plain() {
  ModelBuilder builder;
  builder.embed();
  builder.head("x");
  return builder;
}

}  // namespace kerf::formats::onnx
