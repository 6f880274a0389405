#include <memory>
#include <optional>

#include "kerf/kerf.h"

#include "api/measure.h"
#include "api/open_model.h"
#include "api/session.h"
#include "api/text_data.h"
#include "core/error.h"
#include "core/memory.h"
#include "eval/evaluator.h"
#include "eval/summary.h"

namespace kerf {
namespace {

using api::OpenModel;

void check_same_vocabulary(const OpenModel& model, const OpenModel& reference) {
  const auto mine = model.description().hyperparameters.vocab_size;
  const auto theirs = reference.description().hyperparameters.vocab_size;
  if (mine != theirs) {
    throw_input(model.path(), "",
                "has a vocabulary of " + std::to_string(mine) + ", the reference " + reference.path() + " one of " +
                    std::to_string(theirs));
  }
}

}  // namespace

Evaluation evaluate(const ModelInput& model_input, const ModelInput& reference_input, const EvaluationOptions& options,
                    const Resources& resources) {
  const api::Session session(resources);
  std::optional<OpenModel> reference;
  if (!reference_input.path.empty()) reference.emplace(reference_input);
  const OpenModel model(model_input);
  if (reference) check_same_vocabulary(model, *reference);
  // The reference's tokenizer cuts the text: a candidate need not bring one.
  const api::EvaluationText text = api::evaluation_text(reference ? *reference : model, options);

  eval::Evaluator evaluator(text.windows, reference.has_value());
  std::size_t blocks = model.walker().plan().blocks.size();
  if (reference) blocks += reference->walker().plan().blocks.size();
  session.start("measuring", static_cast<std::int64_t>(blocks) + 1);
  std::vector<const OpenModel*> models;
  if (reference) models.push_back(&*reference);
  models.push_back(&model);
  for (const OpenModel* subject : models) {
    const auto windows = api::bind_windows(*subject, text.windows);
    const std::size_t index = evaluator.add({&subject->walker(), nullptr, sweep::Stream(windows, session.budget())});
    api::walk_blocks(*subject, evaluator, {index}, nullptr, [&] { session.step(); });
  }
  const auto series = evaluator.finish();
  session.step();
  session.finish();

  Evaluation result;
  result.text = text.figures;
  if (reference) {
    result.reference = api::describe_model(*reference, reference->path());
    eval::summarize(series.front(), *result.reference);
  }
  result.candidate = api::describe_model(model, model.path());
  eval::summarize(series.back(), result.candidate);
  result.candidate.notes = model.notes();
  result.candidate.seconds = session.seconds();
  result.candidate.peak_ram_bytes = peak_ram_bytes();
  if (result.reference) result.reference->peak_ram_bytes = result.candidate.peak_ram_bytes;
  return result;
}

}  // namespace kerf
