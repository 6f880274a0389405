#include "api/measure.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "eval/summary.h"
#include "sweep/cache_rounding.h"

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

sweep::Overlay overlay_of(const OpenModel& model, const std::string& kv_cache) {
  sweep::Overlay overlay = model.overlay();
  if (!kv_cache.empty()) {
    sweep::round_cache(model.graph(), model.description(), codec::parse_scheme(kv_cache), overlay);
  }
  return overlay;
}

void check_comparable(const OpenModel& model, const OpenModel& reference) {
  const description::Model &mine = model.description(), &theirs = reference.description();
  if (mine.task != theirs.task) {
    throw_input(model.path(), "",
                fmt::format("is a {}, the reference {} a {}", task_name(mine.task), quoted(reference.path()),
                            task_name(theirs.task)));
  }
  if (mine.hyperparameters.vocab_size != theirs.hyperparameters.vocab_size) {
    throw_input(model.path(), "",
                fmt::format("has a vocabulary of {}, the reference {} one of {}", mine.hyperparameters.vocab_size,
                            quoted(reference.path()), theirs.hyperparameters.vocab_size));
  }
  if (mine.labels.size() != theirs.labels.size()) {
    throw_input(model.path(), "",
                fmt::format("has {} classes, the reference {} has {}", mine.labels.size(), quoted(reference.path()),
                            theirs.labels.size()));
  }
}

void summarize(const eval::Series& series, const OpenModel& model, Measurement& measurement) {
  eval::summarize(series, measurement);
  for (std::size_t c = 0; c < measurement.classes.size(); ++c) {
    measurement.classes[c].label = model.description().labels[c];
  }
}

std::uint64_t model_file_bytes(const OpenModel& model) {
  std::uint64_t total = 0;
  for (const std::string& file : model.checkpoint().tensor_files) total += InputFile::open(file)->size();
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
