#include "api/measure.h"

#include <algorithm>
#include <functional>

#include "core/file.h"
#include "core/strings.h"

namespace kerf::api {

void walk_blocks(const OpenModel& model, eval::Evaluator& evaluator, const std::vector<std::size_t>& subjects,
                 const BeforeBlock& between, const std::function<void()>& step) {
  for (const sweep::Block& block : model.walker().plan().blocks) {
    const sweep::Operands shared = model.walker().prepare_block(block, nullptr, nullptr);
    if (between) between(block, shared);
    for (const std::size_t subject : subjects) evaluator.advance(subject, block, &shared);
    step();
  }
}

std::uint64_t model_file_bytes(const OpenModel& model) {
  if (is_regular_file(model.path())) return InputFile::open(model.path())->size();
  std::uint64_t total = 0;
  for (const std::string& name : list_directory(model.path())) {
    const std::string path = join_path(model.path(), name);
    const bool counted = ends_with(name, ".safetensors") && !starts_with(name, "consolidated");
    if (counted && is_regular_file(path)) total += InputFile::open(path)->size();
  }
  return total;
}

Measurement describe_model(const OpenModel& model, const std::string& spec) {
  Measurement measurement;
  measurement.spec = spec;
  measurement.bytes = model_file_bytes(model);
  measurement.bytes_as = model.checkpoint().format;
  measurement.bits_per_weight = 8.0 * static_cast<double>(model.tensor_bytes()) /
                                static_cast<double>(std::max<std::uint64_t>(model.parameters(), 1));
  return measurement;
}

}  // namespace kerf::api
