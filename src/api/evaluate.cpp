#include <memory>
#include <optional>

#include "kerf/kerf.h"

#include "api/measure.h"
#include "api/open_model.h"
#include "api/session.h"
#include "api/text_data.h"
#include "core/memory.h"
#include "eval/evaluator.h"

namespace kerf {

using api::OpenModel;

Evaluation evaluate(const std::string& model_path, const std::string& reference_path, const EvaluationOptions& options,
                    const Resources& resources) {
  const api::Session session(resources);
  std::optional<OpenModel> reference;
  if (!reference_path.empty()) reference.emplace(reference_path);
  const OpenModel model(model_path);
  if (reference) api::check_comparable(model, *reference);
  // The reference's tokenizer cuts the text: a candidate need not bring one.
  const api::EvaluationText text = api::evaluation_text(reference ? *reference : model, options);

  eval::Evaluator evaluator(text.windows, reference.has_value(), text.classes);
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
    result.reference = api::describe_model(*reference, reference_path);
    api::summarize(series.front(), *reference, *result.reference);
  }
  result.candidate = api::describe_model(model, model_path);
  api::summarize(series.back(), model, result.candidate);
  result.candidate.notes = model.notes();
  result.candidate.seconds = session.seconds();
  result.candidate.peak_ram_bytes = peak_ram_bytes();
  if (result.reference) result.reference->peak_ram_bytes = result.candidate.peak_ram_bytes;
  return result;
}

}  // namespace kerf
