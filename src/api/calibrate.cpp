#include <map>
#include <memory>

#include "kerf/kerf.h"

#include "api/measuring_memory.h"
#include "api/open_model.h"
#include "api/session.h"
#include "api/text_data.h"
#include "calibration/importance.h"
#include "calibration/statistics_file.h"
#include "core/error.h"
#include "core/file.h"
#include "core/output.h"
#include "core/threads.h"
#include "formats/gguf/importance.h"

namespace kerf {
namespace {

using calibration::ModelStatistics;
using calibration::Statistics;

/// Enters what was seen at the sites of a group; where a weight is used at several places, all of it together.
void enter(const api::OpenModel& model, const sweep::Group& group, const std::shared_ptr<const Statistics>& seen,
           ModelStatistics& result) {
  std::map<std::shared_ptr<const Statistics>, std::shared_ptr<const Statistics>> pooled;
  for (const std::size_t s : group.sites) {
    auto& entry = result.by_weight[model.graph().value(model.walker().plan().sites[s].weight).weight.name];
    if (entry == nullptr) {
      entry = seen;
      continue;
    }
    auto& both = pooled[entry];
    if (both == nullptr) {
      auto sum = std::make_shared<Statistics>(*entry);
      sum->merge(*seen);
      both = std::move(sum);
    }
    entry = both;
  }
}

/// Statistics of all groups of one block, of the reference stream.
void observe_block(const api::OpenModel& model, const sweep::Block& block, sweep::Stream& stream,
                   const std::vector<std::string>& observers, ModelStatistics& result) {
  std::vector<graph::ValueId> wanted;
  std::vector<std::shared_ptr<Statistics>> collected;
  for (const sweep::Group& group : block.groups) {
    wanted.push_back(group.input);
    const auto& sites = model.walker().plan().sites;
    const auto& source = model.graph().value(sites[group.sites.front()].weight).weight.source;
    collected.push_back(std::make_shared<Statistics>(source->row_size(), observers));
  }
  const sweep::Operands shared = model.walker().prepare_block(block, nullptr, nullptr);
  model.walker().visit(stream, block.end, wanted, nullptr, &shared, std::nullopt,
                       [&](std::size_t, std::span<const Tensor> values) {
                         for (std::size_t g = 0; g < values.size(); ++g) {
                           collected[g]->observe(values[g].data<float>(), values[g].size() / collected[g]->cols());
                         }
                       });
  for (std::size_t g = 0; g < collected.size(); ++g) enter(model, block.groups[g], collected[g], result);
  const bool last = block.end == static_cast<graph::NodeId>(model.graph().nodes().size());
  if (!last) model.walker().advance(stream, block.end, nullptr, &shared);
}

CalibrateResult describe(const ModelStatistics& statistics) {
  CalibrateResult result;
  result.windows = statistics.windows;
  result.tokens = statistics.tokens;
  result.sites = static_cast<std::int64_t>(statistics.by_weight.size());
  return result;
}

std::uint64_t save(const ModelStatistics& statistics, const std::string& output) {
  calibration::write_statistics(output, statistics);
  return InputFile::open(output)->size();
}

std::uint64_t save_importance(const api::OpenModel& model, const CalibrateOptions& options,
                              const ModelStatistics& statistics) {
  auto file = calibration::to_importance(model.graph(), statistics);
  for (const std::string& path : options.calibration.text.files) file.datasets.push_back(file_name(path));
  formats::gguf::write_importance_file(options.importance_output, file);
  return InputFile::open(options.importance_output)->size();
}

/// Sees to it that collecting keeps to the session's memory: all that was seen stays until it is saved.
void plan_memory(const api::OpenModel& model, const api::Calibration& text, const std::vector<std::string>& observers,
                 const api::Session& session) {
  std::int64_t longest = 0;
  for (const sweep::WindowInputs& window : *text.data.windows) longest = std::max(longest, window.front().size());
  const std::vector<const api::OpenModel*> models = {&model};
  api::MeasuringMemory memory = api::running_memory(models, static_cast<std::uint64_t>(longest), thread_count());
  const sweep::Plan& plan = model.walker().plan();
  for (const sweep::Block& block : plan.blocks) {
    for (const sweep::Group& group : block.groups) {
      const graph::ValueId weight = plan.sites[group.sites.front()].weight;
      const std::int64_t width = model.graph().value(weight).weight.source->row_size();
      for (const std::string& name : observers) {
        const calibration::ObserverInfo& observer = *calibration::find_observer(name);
        memory.results += static_cast<std::uint64_t>(numel(observer.shape(width))) * dtype_bytes(observer.dtype);
      }
    }
  }
  api::plan_measuring(memory, 0, session);
}

/// Statistics of the reference stream over the text, of all blocks.
ModelStatistics collect(const api::OpenModel& model, const api::Calibration& text, bool hessian,
                        const api::Session& session) {
  std::vector<std::string> observers;
  for (const auto* info : calibration::observers()) {
    if (hessian || info->name != "outer_product") observers.emplace_back(info->name);
  }
  plan_memory(model, text, observers, session);
  ModelStatistics statistics;
  statistics.windows = text.windows;
  statistics.tokens = text.tokens;
  statistics.text_sha256 = text.text_sha256;
  sweep::Stream stream(text.data.windows, session.budget());
  const auto& blocks = model.walker().plan().blocks;
  session.start("calibrating", static_cast<std::int64_t>(blocks.size()));
  for (const sweep::Block& block : blocks) {
    observe_block(model, block, stream, observers, statistics);
    session.step();
  }
  session.finish();
  return statistics;
}

/// What was saved before and is only written anew; Error(kUsage) for what it cannot become.
ModelStatistics saved(const api::Calibration& calibration, bool hessian) {
  if (calibration.data.statistics == nullptr) throw_usage("calibrate needs text; give --calibration FILE");
  if (hessian) throw_usage("--hessian needs text: the matrices cannot be made of what was saved without them");
  return *calibration.data.statistics;
}

}  // namespace

CalibrateResult calibrate(const CalibrateOptions& options, const Resources& resources) {
  const api::Session session(resources);
  if (options.output.empty() && options.importance_output.empty()) {
    throw_usage("calibrate needs an output: -o FILE, or --imatrix FILE");
  }
  for (const std::string& path : {options.output, options.importance_output}) {
    if (!path.empty()) const OutputFile probe(path);  // an output that cannot be written is told before any work
  }
  const api::OpenModel model(options.model);
  if (!options.importance_output.empty() && model.description().hyperparameters.decoder_layers > 0) {
    throw_input(model.path(), "",
                "is an encoder with a decoder, for whose weights importance files have no names here");
  }
  std::vector<std::string> notes = model.notes();
  CalibrationOptions whole = options.calibration;
  whole.held_out = 0;
  const api::Calibration text = api::calibration_data(model, whole, notes);
  const ModelStatistics statistics =
      text.data.windows ? collect(model, text, options.hessian, session) : saved(text, options.hessian);
  CalibrateResult result = describe(statistics);
  if (!options.output.empty()) result.bytes = save(statistics, options.output);
  if (!options.importance_output.empty()) result.importance_bytes = save_importance(model, options, statistics);
  result.notes = std::move(notes);
  return result;
}

CalibrateResult merge_statistics(const std::vector<std::string>& files, const std::string& output) {
  if (files.size() < 2) throw_usage("--merge needs at least two files of statistics");
  ModelStatistics merged = calibration::read_statistics(files.front());
  for (std::size_t i = 1; i < files.size(); ++i) {
    try {
      calibration::merge_into(merged, calibration::read_statistics(files[i]));
    } catch (const Error& error) {
      if (!error.file().empty()) throw;
      throw_input(files[i], error.place(), error.message());
    }
  }
  CalibrateResult result = describe(merged);
  result.bytes = save(merged, output);
  return result;
}

}  // namespace kerf
