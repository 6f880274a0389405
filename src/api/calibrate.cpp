#include <map>
#include <memory>

#include "kerf/kerf.h"

#include "api/open_model.h"
#include "api/session.h"
#include "api/text_data.h"
#include "calibration/statistics_file.h"
#include "core/error.h"
#include "core/file.h"
#include "core/output.h"

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

CalibrateResult save(const ModelStatistics& statistics, const std::string& output) {
  calibration::write_statistics(output, statistics);
  CalibrateResult result;
  result.windows = statistics.windows;
  result.tokens = statistics.tokens;
  result.sites = static_cast<std::int64_t>(statistics.by_weight.size());
  result.bytes = InputFile::open(output)->size();
  return result;
}

}  // namespace

CalibrateResult calibrate(const ModelInput& input, const CalibrationOptions& options, bool hessian,
                          const std::string& output, const Resources& resources) {
  const api::Session session(resources);
  { const OutputFile probe(output); }  // an output that cannot be written is told before any work
  const api::OpenModel model(input);
  std::vector<std::string> notes = model.notes();
  const api::Calibration text = api::calibration_data(model, options, notes);
  if (!text.data.windows) throw_usage("calibrate needs text; give --calibration FILE");
  std::vector<std::string> observers;
  for (const auto* info : calibration::observers()) {
    if (hessian || info->name != "outer_product") observers.emplace_back(info->name);
  }
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
  CalibrateResult result = save(statistics, output);
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
  return save(merged, output);
}

}  // namespace kerf
