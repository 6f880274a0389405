#include <chrono>
#include <map>
#include <memory>

#include "kerf/kerf.h"

#include "api/choice.h"
#include "api/emission.h"
#include "api/measure.h"
#include "api/open_model.h"
#include "api/session.h"
#include "api/teacher.h"
#include "api/text_data.h"
#include "core/error.h"
#include "core/file.h"
#include "core/memory.h"
#include "quant/ledger.h"
#include "quant/quantizer.h"
#include "sweep/cache_rounding.h"

namespace kerf {
namespace {

using api::OpenModel;

/// One row of the ladder while it is measured: a candidate on the model's own graph, or another model.
struct Row {
  std::string spec;
  std::unique_ptr<quant::Candidate> candidate;
  std::unique_ptr<OpenModel> model;
  sweep::Overlay model_overlay;  ///< what the model runs under
  std::size_t subject = 0;
  double seconds = 0;
};

/// The cache's rounding that the options ask for.
void round_cache(const OpenModel& model, const EvaluationOptions& options, sweep::Overlay& overlay) {
  if (options.kv_cache.empty()) return;
  sweep::round_cache(model.graph(), model.description(), codec::parse_scheme(options.kv_cache), overlay);
}

/// A spec that is the name of something that exists is a model; anything else must parse as a scheme.
Row make_row(const OpenModel& reference, const std::string& spec, const CompareOptions& options) {
  Row row;
  row.spec = spec;
  const bool names_a_path = spec.find('/') == 0 || spec.find("./") == 0 || spec.find("../") == 0 || path_exists(spec);
  if (names_a_path && !names_a_recipe(spec)) {
    ModelInput input = options.model;
    input.path = spec;
    input.adapters.clear();
    row.model = std::make_unique<OpenModel>(input);
    api::check_comparable(*row.model, reference);
    row.model_overlay = api::overlay_of(*row.model, options.evaluation.kv_cache);
  } else {
    QuantizationChoice choice = parse_spec(spec, options.defaults);
    if (api::is_importance(options.calibration)) choice.sequential = false;
    row.candidate = std::make_unique<quant::Candidate>(api::make_candidate(reference, choice, spec));
    round_cache(reference, options.evaluation, row.candidate->overlay);
  }
  return row;
}

class Ladder {
 public:
  Ladder(const CompareOptions& options, const Resources& resources)
      : session_(resources), options_(options), model_(options.model) {
    for (const std::string& spec : options.candidates) rows_.push_back(make_row(model_, spec, options));
  }

  Comparison run() {
    text_ = api::evaluation_text(model_, options_.evaluation);
    std::vector<std::string> notes;
    auto calibration = api::calibration_data(model_, options_.calibration, notes);
    if (!options_.evaluation.kv_cache.empty()) {
      notes.push_back("all but the reference read keys and values rounded to " +
                      codec::parse_scheme(options_.evaluation.kv_cache).name);
    }
    text_.figures.notes.insert(text_.figures.notes.end(), notes.begin(), notes.end());
    std::vector<quant::Candidate*> candidates;
    for (Row& row : rows_) {
      if (row.candidate) candidates.push_back(row.candidate.get());
    }
    const api::Teacher teacher(options_.defaults.teacher, model_, {candidates.begin(), candidates.end()});
    calibration.data.teacher = teacher.walker();
    quant::Quantizer quantizer(model_.walker(), candidates, calibration.data, session_.budget());

    eval::Evaluator evaluator(text_.windows, true, text_.classes);
    const auto windows = api::bind_windows(model_, text_.windows);
    std::vector<std::size_t> own = {evaluator.add({&model_.walker(), &model_.overlay(), {windows, session_.budget()}})};
    for (Row& row : rows_) {
      if (!row.candidate) continue;
      row.subject = evaluator.add({&model_.walker(), &row.candidate->overlay, {windows, session_.budget()}});
      own.push_back(row.subject);
    }
    walk_own(evaluator, quantizer, own.front());
    for (Row& row : rows_) {
      if (row.model) walk_other(evaluator, row);
    }
    const auto start = now();
    const auto series = evaluator.finish();
    const double share = (now() - start) / static_cast<double>(series.size());
    session_.finish();
    return collect(series, share);
  }

 private:
  static double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }

  std::int64_t steps() const {
    std::size_t total = model_.walker().plan().blocks.size();
    for (const Row& row : rows_) total += row.model ? row.model->walker().plan().blocks.size() : 0;
    return static_cast<std::int64_t>(total);
  }

  /// The model's own graph: each block's weights are loaded once for the reference and all candidates.
  void walk_own(eval::Evaluator& evaluator, quant::Quantizer& quantizer, std::size_t reference) {
    session_.start("quantizing and measuring", steps());
    for (const sweep::Block& block : model_.walker().plan().blocks) {
      const sweep::Operands shared = model_.walker().prepare_block(block, nullptr, nullptr);
      quantizer.process_block(block, shared);
      double start = now();
      evaluator.advance(reference, block, &shared);
      reference_seconds_ += now() - start;
      const bool last = block.end == static_cast<graph::NodeId>(model_.graph().nodes().size());
      for (Row& row : rows_) {
        if (!row.candidate || quant::is_tuned(*row.candidate)) continue;
        start = now();
        evaluator.advance(row.subject, block, &shared);
        row.seconds += now() - start;
        if (!last) drop_weights(block, *row.candidate);
      }
      session_.step();
    }
    quantizer.finish();
    for (Row& row : rows_) {
      if (row.candidate && quant::is_tuned(*row.candidate)) walk_tuned(evaluator, row);
    }
  }

  /// A candidate that changed after its last block was solved is measured in a walk of its own.
  void walk_tuned(eval::Evaluator& evaluator, Row& row) {
    const double start = now();
    for (const sweep::Block& block : model_.walker().plan().blocks) evaluator.advance(row.subject, block, nullptr);
    row.seconds += now() - start;
  }

  /// What a candidate made of a block that it has left is not needed again, unless a later block reads it too.
  void drop_weights(const sweep::Block& block, quant::Candidate& candidate) {
    for (graph::NodeId n = block.begin; n < block.end; ++n) {
      for (const graph::ValueId id : model_.graph().node(n).inputs) {
        if (id != graph::kNoValue && model_.graph().consumers(id).back() < block.end) candidate.overlay.erase(id);
      }
    }
  }

  void walk_other(eval::Evaluator& evaluator, Row& row) {
    const double start = now();
    const auto windows = api::bind_windows(*row.model, text_.windows);
    row.subject = evaluator.add({&row.model->walker(), &row.model_overlay, {windows, session_.budget()}});
    api::walk_blocks(*row.model, evaluator, {row.subject}, nullptr, [&] { session_.step(); });
    row.seconds += now() - start;
  }

  Comparison collect(const std::vector<eval::Series>& series, double head_seconds) {
    Comparison result;
    result.text = text_.figures;
    result.reference = api::describe_model(model_, model_.path());
    result.reference.notes = model_.notes();
    result.reference.seconds = reference_seconds_ + head_seconds;
    api::summarize(series.front(), model_, result.reference);
    for (Row& row : rows_) {
      Measurement measurement = row.model ? api::describe_model(*row.model, row.spec) : Measurement{};
      if (row.candidate) {
        measurement.spec = row.spec;
        const api::Weighed weighed = api::weigh(model_, *row.candidate);
        measurement.bytes = weighed.bytes;
        measurement.bytes_as = weighed.as;
        measurement.bits_per_weight =
            8.0 * static_cast<double>(weighed.tensor_bytes) / static_cast<double>(model_.parameters());
        row.seconds += row.candidate->seconds;
        measurement.notes = quant::ledger_notes(row.candidate->ledger);
        if (row.candidate->structure != nullptr) {
          const auto& removed = row.candidate->structure->removed;
          measurement.notes.insert(measurement.notes.end(), removed.begin(), removed.end());
        }
        if (std::string note = api::fallback_note(model_, *row.candidate); !note.empty()) {
          measurement.notes.push_back(std::move(note));
        }
      }
      measurement.seconds = row.seconds + head_seconds;
      api::summarize(series[row.subject], row.model ? *row.model : model_, measurement);
      result.candidates.push_back(std::move(measurement));
    }
    result.reference.peak_ram_bytes = peak_ram_bytes();
    for (Measurement& m : result.candidates) m.peak_ram_bytes = result.reference.peak_ram_bytes;
    return result;
  }

  api::Session session_;
  const CompareOptions& options_;
  OpenModel model_;
  std::vector<Row> rows_;
  api::EvaluationText text_;
  double reference_seconds_ = 0;
};

}  // namespace

Comparison compare(const CompareOptions& options, const Resources& resources) {
  return Ladder(options, resources).run();
}

}  // namespace kerf
