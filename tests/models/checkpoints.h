#pragma once

#include <string>

#include "formats/checkpoint.h"
#include "models/model_graph.h"
#include "tests/support/op_runner.h"
#include "tests/support/reference_executor.h"
#include "tests/support/source_dir.h"

namespace kerf::models {

/// A golden checkpoint, to be changed and built.
inline formats::Checkpoint golden(const std::string& name) {
  return formats::open_checkpoint(test::source_dir() + "/tests/golden/checkpoints/" + name);
}

inline ModelGraph build(const formats::Checkpoint& checkpoint) {
  return build_model(JsonCursor(checkpoint.config, "config.json"), checkpoint.tensors);
}

inline Tensor some_ids() { return test::tensor_of<std::int64_t>({1, 6}, {5, 17, 100, 3, 159, 42}); }

/// The first output for some ids; other inputs as they are where nothing is given.
inline Tensor output_of(const formats::Checkpoint& checkpoint) {
  return test::run_model(build(checkpoint), {{"input_ids", some_ids()}});
}

/// Every tensor whose name begins with `from` begins with `to` instead.
inline void rename_all(formats::Checkpoint& checkpoint, const std::string& from, const std::string& to) {
  graph::SourceMap renamed;
  for (const auto& [name, source] : checkpoint.tensors) {
    renamed[name.rfind(from, 0) == 0 ? to + name.substr(from.size()) : name] = source;
  }
  checkpoint.tensors = std::move(renamed);
}

/// A second tensor with the values of the first.
inline void repeat(formats::Checkpoint& checkpoint, const std::string& name, const std::string& as) {
  checkpoint.tensors[as] = checkpoint.tensors.at(name);
}

inline void add_random(formats::Checkpoint& checkpoint, const std::string& name, Shape shape) {
  checkpoint.tensors[name] = graph::make_memory_source(test::random_tensor(std::move(shape), name.size()), name);
}

inline void set_architecture(formats::Checkpoint& checkpoint, const std::string& name) {
  checkpoint.config.set("architectures", Json(Json::Array{Json(name)}));
}

}  // namespace kerf::models
