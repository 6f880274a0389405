#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <span>

#include "kerf/kerf.h"

#include "api/choice.h"
#include "api/emission.h"
#include "api/expected_memory.h"
#include "api/measure.h"
#include "api/measuring_memory.h"
#include "api/memory_use.h"
#include "api/open_model.h"
#include "api/rewritten.h"
#include "api/run_origin.h"
#include "api/session.h"
#include "api/teacher.h"
#include "api/text_data.h"
#include "core/error.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/threads.h"
#include "eval/summary.h"
#include "quant/ledger.h"
#include "quant/quantizer.h"

namespace kerf {
namespace {

using api::OpenModel;

/// One row of the ladder while it is measured: a candidate on the model's own graph, or another model.
struct Row {
  std::string spec;
  const OpenModel* base = nullptr;  ///< what the candidate is made from: the reference, or that rewritten
  std::unique_ptr<quant::Candidate> candidate;
  std::unique_ptr<OpenModel> model;
  sweep::Overlay model_overlay;  ///< what the model runs under
  std::size_t subject = 0;
  double seconds = 0;
};

/// A spec that is the name of something that exists is a model; anything else must parse as a scheme.
Row make_row(const OpenModel& reference, api::RewrittenModels& rewritten, const std::string& spec,
             const CompareOptions& options) {
  Row row;
  row.spec = spec;
  if (names_a_model(spec)) {
    ModelInput input = options.model;
    input.path = spec;
    input.adapters.clear();
    row.model = std::make_unique<OpenModel>(input);
    api::check_comparable(*row.model, reference);
    row.model_overlay = api::overlay_of(*row.model, options.evaluation.kv_cache);
  } else {
    QuantizationChoice choice = parse_spec(spec, options.defaults);
    if (api::is_importance(options.calibration)) choice.sequential = false;
    row.base = &rewritten.get(choice);
    row.candidate = std::make_unique<quant::Candidate>(api::make_candidate(*row.base, choice, spec));
    api::round_cache(*row.base, options.evaluation.kv_cache, row.candidate->overlay);
  }
  return row;
}

class Ladder {
 public:
  Ladder(const CompareOptions& options, const Resources& resources)
      : session_(resources), options_(options), model_(options.model), rewritten_(model_) {
    api::check_calibration(options.calibration);
    for (const std::string& spec : options.candidates) rows_.push_back(make_row(model_, rewritten_, spec, options));
  }

  Comparison run() {
    text_ = api::evaluation_text(model_, options_.evaluation);
    std::vector<std::string> notes;
    auto calibration = api::calibration_data(model_, options_.calibration, notes);
    if (std::string note = api::overlap_note(text_, calibration); !note.empty()) notes.push_back(std::move(note));
    if (!options_.evaluation.kv_cache.empty()) {
      notes.push_back("all but the reference read keys and values rounded to " +
                      codec::parse_scheme(options_.evaluation.kv_cache).name);
    }
    notes.insert(notes.end(), rewritten_.notes().begin(), rewritten_.notes().end());
    text_.figures.notes.insert(text_.figures.notes.end(), notes.begin(), notes.end());
    rewritten_.check(calibration.data);
    const auto candidates = candidates_of(nullptr);
    const api::Teacher teacher(options_.defaults.teacher, model_, {candidates.begin(), candidates.end()});
    calibration.data.teacher = teacher.walker();
    for (std::string& note : api::unused_notes(model_, options_.defaults, {candidates.begin(), candidates.end()})) {
      text_.figures.notes.push_back(std::move(note));
    }

    const std::size_t heads = plan_memory();
    eval::Evaluator evaluator(text_.windows, true, text_.classes, options_.evaluation.reverse_kl);
    const auto windows = api::bind_windows(model_, text_.windows);
    const std::size_t reference = evaluator.add({&model_.walker(), &model_.overlay(), {windows, session_.budget()}});
    for (Row& row : rows_) {
      if (!row.candidate) continue;
      row.subject = evaluator.add({&row.base->walker(), &row.candidate->overlay, {windows, session_.budget()}});
    }
    const api::NoiseProbe probe(model_, text_.windows);
    noise_ =
        evaluator.add({&model_.walker(),
                       &probe.overlay,
                       {api::bind_windows(model_, std::span(text_.windows).first(probe.windows)), session_.budget()}});
    session_.start("quantizing and measuring", steps());
    walk_candidates(model_, evaluator, calibration.data, reference);
    for (const OpenModel* base : rewritten_.models()) {
      walk_candidates(*base, evaluator, calibration.data, std::nullopt);
    }
    for (Row& row : rows_) {
      if (row.model) walk_other(evaluator, row);
    }
    session_.change_phase();
    std::vector<eval::Series> series;
    const double share = seconds_of([&] { series = evaluator.finish(heads); }) / static_cast<double>(rows_.size() + 1);
    session_.finish();
    return collect(series, share);
  }

 private:
  template <typename Work>
  static double seconds_of(Work work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  /// Returns how many last blocks may be in memory at once.
  std::size_t plan_memory() const {
    std::vector<const OpenModel*> models = {&model_};
    std::uint64_t quantizing = 0;
    for (const Row& row : rows_) {
      if (row.model) models.push_back(row.model.get());
      if (!row.candidate) continue;
      const auto expected = api::expected_memory(*row.base, *row.candidate, options_.calibration, thread_count());
      quantizing = std::max(quantizing, expected.working - api::kProgramBytes);
    }
    const std::size_t subjects = rows_.size() + 2;  // the reference, and that once more for the noise
    return api::plan_measuring(api::measuring_memory(models, text_.windows, subjects, thread_count()), quantizing,
                               session_);
  }

  std::int64_t steps() const {
    std::size_t total = model_.walker().plan().blocks.size();
    for (const OpenModel* base : rewritten_.models()) total += base->walker().plan().blocks.size();
    for (const Row& row : rows_) total += row.model ? row.model->walker().plan().blocks.size() : 0;
    return static_cast<std::int64_t>(total);
  }

  /// The candidates that are made from a model; from any, if it is null.
  std::vector<quant::Candidate*> candidates_of(const OpenModel* base) const {
    std::vector<quant::Candidate*> candidates;
    for (const Row& row : rows_) {
      if (row.candidate && (base == nullptr || row.base == base)) candidates.push_back(row.candidate.get());
    }
    return candidates;
  }

  /// One graph: each block's weights are loaded once for the reference, if it is walked here, and all candidates.
  void walk_candidates(const OpenModel& base, eval::Evaluator& evaluator, const quant::CalibrationData& data,
                       std::optional<std::size_t> reference) {
    quant::Quantizer quantizer(base.walker(), candidates_of(&base), data, session_.budget());
    for (const sweep::Block& block : base.walker().plan().blocks) {
      const sweep::Operands shared = base.walker().prepare_block(block, nullptr, nullptr);
      quantizer.process_block(block, shared);
      session_.change_phase();
      if (reference) {
        reference_seconds_ += seconds_of([&] { evaluator.advance(*reference, block, &shared); });
        evaluator.advance(noise_, block, &shared);
      }
      const bool last = block.end == static_cast<graph::NodeId>(base.graph().nodes().size());
      for (Row& row : rows_) {
        if (row.base != &base || quant::is_tuned(*row.candidate)) continue;
        row.seconds += seconds_of([&] { evaluator.advance(row.subject, block, &shared); });
        if (!last) drop_weights(block, row);
      }
      session_.step();
    }
    quantizer.finish();
    for (Row& row : rows_) {
      if (row.base == &base && quant::is_tuned(*row.candidate)) walk_tuned(evaluator, row);
    }
  }

  /// A candidate that changed after its last block was solved is measured in a walk of its own.
  void walk_tuned(eval::Evaluator& evaluator, Row& row) {
    row.seconds += seconds_of([&] {
      for (const sweep::Block& block : row.base->walker().plan().blocks) {
        evaluator.advance(row.subject, block, nullptr);
      }
    });
  }

  /// What a candidate made of a block that it has left is not needed again, unless a later block reads it too.
  static void drop_weights(const sweep::Block& block, Row& row) {
    const graph::Graph& graph = row.base->graph();
    for (graph::NodeId n = block.begin; n < block.end; ++n) {
      for (const graph::ValueId id : graph.node(n).inputs) {
        if (id != graph::kNoValue && graph.consumers(id).back() < block.end) row.candidate->overlay.erase(id);
      }
    }
  }

  void walk_other(eval::Evaluator& evaluator, Row& row) {
    row.seconds += seconds_of([&] {
      const auto windows = api::bind_windows(*row.model, text_.windows);
      row.subject = evaluator.add({&row.model->walker(), &row.model_overlay, {windows, session_.budget()}});
      api::walk_blocks(*row.model, evaluator, {row.subject}, nullptr, [&] { session_.step(); });
    });
  }

  Comparison collect(const std::vector<eval::Series>& series, double head_seconds) {
    Comparison result;
    result.text = text_.figures;
    result.margin = options_.evaluation.margin;
    result.provenance = api::run_origin();
    result.noise_floor = eval::noise_floor(series[noise_], series.front(), text_.layout);
    result.reference = api::describe_model(model_, model_.path(), text_.figures.context);
    result.reference.notes = model_.notes();
    result.reference.seconds = reference_seconds_ + head_seconds;
    api::report_series(series.front(), nullptr, model_, text_, options_.evaluation, result.reference);
    for (Row& row : rows_) {
      Measurement measurement =
          row.model ? api::describe_model(*row.model, row.spec, text_.figures.context) : Measurement{};
      if (row.candidate) {
        measurement.spec = row.spec;
        api::Weighed weighed = api::weigh(*row.base, *row.candidate);
        measurement.bytes = weighed.bytes;
        measurement.bytes_as = weighed.as;
        measurement.tensors = std::move(weighed.tensors);
        measurement.run_bytes = api::run_bytes(model_, weighed.tensor_bytes, text_.figures.context);
        measurement.bits_per_weight =
            8.0 * static_cast<double>(weighed.tensor_bytes) / static_cast<double>(model_.parameters());
        row.seconds += row.candidate->seconds;
        measurement.notes = quant::ledger_notes(row.candidate->ledger);
        if (row.candidate->structure != nullptr) {
          const auto& removed = row.candidate->structure->removed;
          measurement.notes.insert(measurement.notes.end(), removed.begin(), removed.end());
        }
        if (std::string note = api::fallback_note(*row.base, *row.candidate); !note.empty()) {
          measurement.notes.push_back(std::move(note));
        }
        if (std::string note = api::transform_note(options_.defaults, *row.candidate); !note.empty()) {
          measurement.notes.push_back(std::move(note));
        }
        measurement.sites = std::move(row.candidate->ledger);
      }
      measurement.seconds = row.seconds + head_seconds;
      api::report_series(series[row.subject], &series.front(), row.model ? *row.model : model_, text_,
                         options_.evaluation, measurement);
      result.candidates.push_back(std::move(measurement));
    }
    result.pairs = pairs(series);
    result.reference.peak_ram_bytes = peak_ram_bytes();
    for (Measurement& m : result.candidates) m.peak_ram_bytes = result.reference.peak_ram_bytes;
    return result;
  }

  std::vector<PairedDifference> pairs(const std::vector<eval::Series>& series) const {
    std::vector<const eval::Series*> measured;
    std::vector<std::string> specs;
    for (const Row& row : rows_) {
      measured.push_back(&series[row.subject]);
      specs.push_back(row.spec);
    }
    return eval::pair_up(measured, specs, text_.layout, options_.evaluation.margin);
  }

  api::Session session_;
  const CompareOptions& options_;
  OpenModel model_;
  api::RewrittenModels rewritten_;
  std::vector<Row> rows_;
  api::EvaluationText text_;
  std::size_t noise_ = 0;  ///< subject
  double reference_seconds_ = 0;
};

}  // namespace

bool names_a_model(const std::string& spec) {
  const bool is_path = spec.find('/') == 0 || spec.find("./") == 0 || spec.find("../") == 0 || path_exists(spec);
  return is_path && !names_a_recipe(spec);
}

Comparison compare(const CompareOptions& options, const Resources& resources) {
  return Ladder(options, resources).run();
}

}  // namespace kerf
