#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "kerf/kerf.h"

#include "api/measure.h"
#include "api/measuring_memory.h"
#include "api/open_model.h"
#include "api/run_origin.h"
#include "api/session.h"
#include "api/text_data.h"
#include "codec/scheme.h"
#include "core/memory.h"
#include "core/threads.h"
#include "eval/evaluator.h"
#include "eval/summary.h"

namespace kerf {

namespace {

using api::OpenModel;

/// Windows that are walked together, so that what is kept of them between blocks fits the memory, or else a scratch
/// file of some gigabytes: runs with other tokens masked can be many.
std::size_t windows_at_once(const std::vector<const OpenModel*>& models, const std::vector<text::Window>& windows,
                            std::uint64_t ram) {
  constexpr std::uint64_t kScratch = std::uint64_t{8} << 30;
  constexpr std::uint64_t kKeptValues = 2;
  std::uint64_t bytes = 0, longest = 0;
  for (const text::Window& window : windows) {
    longest = std::max<std::uint64_t>(longest, window.ids.size() + window.decoder_ids.size());
  }
  for (const OpenModel* model : models) {
    const auto width = static_cast<std::uint64_t>(model->description().hyperparameters.hidden_size);
    bytes += kKeptValues * longest * width * sizeof(float);
  }
  return std::max<std::size_t>(std::max(ram / 2, kScratch) / std::max<std::uint64_t>(bytes, 1), 1);
}

bool brings_tokenizer(const OpenModel& model) {
  const description::Tokenizer& tokenizer = model.checkpoint().tokenizer;
  return !tokenizer.tokenizer_json.is_null() || tokenizer.sentence_piece != nullptr;
}

/// Series of the models, of which the first is the reference if there are two, and then of the reference's `probe`.
std::vector<eval::Series> measure(const std::vector<const OpenModel*>& models, const api::EvaluationText& text,
                                  const EvaluationOptions& options, const api::NoiseProbe* probe,
                                  const api::Session& session) {
  // The cache is the measured model's, which comes last, and not the reference's.
  std::vector<sweep::Overlay> overlays;
  for (const OpenModel* model : models)
    overlays.push_back(api::overlay_of(*model, model == models.back() ? options.kv_cache : ""));
  const std::size_t count = text.windows.size(), at_once = windows_at_once(models, text.windows, session.ram());
  const auto memory =
      api::measuring_memory(models, text.windows, models.size() + (probe != nullptr ? 1 : 0), thread_count());
  const std::size_t heads = api::plan_measuring(memory, 0, session);
  std::size_t blocks = 1;
  for (const OpenModel* model : models) blocks += model->walker().plan().blocks.size();
  session.start("measuring", static_cast<std::int64_t>(blocks * ((count + at_once - 1) / at_once)));
  std::vector<eval::Series> series;
  for (std::size_t begin = 0; begin < count; begin += at_once) {
    const auto part = std::span(text.windows).subspan(begin, std::min(at_once, count - begin));
    eval::Evaluator evaluator(part, models.size() > 1, text.classes, options.reverse_kl);
    const auto subject = [&](const OpenModel& model, const sweep::Overlay& overlay, std::size_t windows) {
      return evaluator.add(
          {&model.walker(), &overlay, {api::bind_windows(model, part.first(windows)), session.budget()}});
    };
    std::vector<std::vector<std::size_t>> subjects;
    for (std::size_t m = 0; m < models.size(); ++m) subjects.push_back({subject(*models[m], overlays[m], part.size())});
    if (probe != nullptr && begin == 0) {
      subjects.front().push_back(subject(*models.front(), probe->overlay, std::min(probe->windows, part.size())));
    }
    for (std::size_t m = 0; m < models.size(); ++m) {
      api::walk_blocks(*models[m], evaluator, subjects[m], nullptr, [&] { session.step(); });
    }
    session.change_phase();
    auto measured = evaluator.finish(heads);
    session.step();
    if (series.empty()) {
      series = std::move(measured);
    } else {
      for (std::size_t s = 0; s < measured.size(); ++s) series[s].append(measured[s]);
    }
  }
  session.finish();
  return series;
}

}  // namespace

Evaluation evaluate(const ModelInput& model_input, const ModelInput& reference_input, const EvaluationOptions& options,
                    const Resources& resources) {
  const api::Session session(resources);
  std::optional<OpenModel> reference;
  if (!reference_input.path.empty()) reference.emplace(reference_input);
  const OpenModel model(model_input);
  if (reference) api::check_comparable(model, *reference);
  // The reference's tokenizer cuts the text, so that a candidate need not bring one; if only the candidate does, its
  // own.
  const bool by_reference = reference && (brings_tokenizer(*reference) || !brings_tokenizer(model));
  const api::EvaluationText text = api::evaluation_text(by_reference ? *reference : model, options);

  std::vector<const OpenModel*> models;
  if (reference) models.push_back(&*reference);
  models.push_back(&model);
  std::optional<api::NoiseProbe> probe;
  if (reference) probe.emplace(*reference, text.windows);
  const auto series = measure(models, text, options, probe ? &*probe : nullptr, session);

  Evaluation result;
  result.text = text.figures;
  result.margin = options.margin;
  result.provenance = api::run_origin();
  result.candidate = api::describe_model(model, model.path(), text.figures.context);
  const eval::Series& measured = series[models.size() - 1];
  api::report_series(measured, reference ? &series.front() : nullptr, model, text, options, result.candidate);
  if (reference) {
    result.reference = api::describe_model(*reference, reference->path(), text.figures.context);
    api::report_series(series.front(), nullptr, *reference, text, options, *result.reference);
    result.noise_floor = eval::noise_floor(series.back(), series.front(), text.layout);
  }
  result.candidate.notes = model.notes();
  if (!options.kv_cache.empty()) {
    result.candidate.notes.push_back("keys and values are read rounded to " +
                                     codec::parse_scheme(options.kv_cache).name);
  }
  result.candidate.seconds = session.seconds();
  result.candidate.peak_ram_bytes = peak_ram_bytes();
  if (result.reference) result.reference->peak_ram_bytes = result.candidate.peak_ram_bytes;
  return result;
}

}  // namespace kerf
