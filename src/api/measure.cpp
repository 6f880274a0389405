#include "api/measure.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>

#include <fmt/format.h>

#include "api/memory_use.h"
#include "api/worst_tokens.h"
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
  round_cache(model, kv_cache, overlay);
  return overlay;
}

void round_cache(const OpenModel& model, const std::string& kv_cache, sweep::Overlay& overlay) {
  if (kv_cache.empty()) return;
  try {
    sweep::round_cache(model.graph(), model.description(), codec::parse_scheme(kv_cache), overlay);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUsage) throw;
    throw_usage(fmt::format("--kv-cache: {}", error.what()));
  }
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

void report_series(const eval::Series& series, const eval::Series* reference, const OpenModel& model,
                   const EvaluationText& text, const EvaluationOptions& options, Measurement& measurement) {
  eval::summarize(series, reference, measurement);
  eval::describe(series, reference, text.layout, options.margin, measurement);
  for (std::size_t c = 0; c < measurement.classes.size(); ++c) {
    measurement.classes[c].label = model.description().labels[c];
  }
  if (text.figures.words > 0) {
    const double total = std::accumulate(series.nll.begin(), series.nll.end(), 0.0);
    const double per_byte = total / static_cast<double>(text.figures.bytes);
    measurement.word_perplexity = std::exp(total / static_cast<double>(text.figures.words));
    measurement.byte_perplexity = std::exp(per_byte);
    measurement.bits_per_byte = per_byte / std::numbers::ln2;
  }
  if (reference != nullptr && series.classes == 0) {
    measurement.worst = worst_tokens(series, *reference, model.description().task, text);
  }
}

NoiseProbe::NoiseProbe(const OpenModel& reference, std::span<const text::Window> all) : overlay(reference.overlay()) {
  // Enough places for a mean; the floor is a matter of orders of magnitude.
  constexpr std::size_t kPlaces = 512;
  overlay.reverse_sums();
  for (std::size_t places = 0; windows < all.size() && places < kPlaces; ++windows) {
    places += all[windows].places.size();
  }
}

std::uint64_t run_bytes(const OpenModel& model, std::uint64_t weight_bytes, std::int64_t context) {
  const auto positions = static_cast<std::uint64_t>(context);
  return weight_bytes + kv_cache_bytes(model.description(), positions) +
         activation_bytes(model.description(), positions);
}

std::uint64_t model_file_bytes(const OpenModel& model) {
  std::uint64_t total = 0;
  for (const std::string& file : model.checkpoint().tensor_files) total += InputFile::open(file)->size();
  return total;
}

Measurement describe_model(const OpenModel& model, const std::string& spec, std::int64_t context) {
  Measurement measurement;
  measurement.spec = spec;
  measurement.bytes = model_file_bytes(model);
  measurement.bytes_as = model.checkpoint().format;
  measurement.bits_per_weight = 8.0 * static_cast<double>(model.tensor_bytes()) /
                                static_cast<double>(std::max<std::uint64_t>(model.parameters(), 1));
  measurement.run_bytes = run_bytes(model, model.tensor_bytes(), context);
  for (const graph::ValueId id : model.graph().weights()) {
    const graph::Weight& weight = model.graph().value(id).weight;
    TensorPlan tensor;
    tensor.name = weight.name;
    tensor.role = graph::role_name(weight.role);
    tensor.scheme = weight.source->stored_as();
    tensor.shape = weight.source->shape();
    tensor.bits_per_weight = 8.0 * static_cast<double>(weight.source->stored_bytes()) /
                             static_cast<double>(std::max<std::int64_t>(numel(tensor.shape), 1));
    measurement.tensors.push_back(std::move(tensor));
  }
  return measurement;
}

}  // namespace kerf::api
