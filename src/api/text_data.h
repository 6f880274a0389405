#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kerf/kerf.h"

#include "api/open_model.h"
#include "api/session.h"
#include "eval/evaluator.h"
#include "eval/layout.h"
#include "quant/quantizer.h"

namespace kerf::api {

/// Evaluation text, cut and bound to a model.
struct EvaluationText {
  std::vector<text::Window> windows;
  TextFigures figures;
  std::int64_t classes = 0;                          ///< of a classifier; 0: a language model
  eval::Layout layout;                               ///< of the windows' places
  std::shared_ptr<const text::Tokenizer> tokenizer;  ///< to show tokens with; null where there is none
};
/// Error(kInput) if the model has no head whose predictions could be measured, saying which checkpoint would.
EvaluationText evaluation_text(const OpenModel& model, const EvaluationOptions& options);

/// Streams of a model over that text start from these.
std::shared_ptr<const std::vector<sweep::WindowInputs>> bind_windows(const OpenModel& model,
                                                                     std::span<const text::Window> windows);

/// Is the calibration data an importance file of llama.cpp, of the unquantized model by nature?
bool is_importance(const CalibrationOptions& options);
/// Is it anything that was saved, statistics or an importance file, and no text?
bool is_saved(const CalibrationOptions& options);
/// Error(kUsage) if what was saved stands beside other data, which nothing could put together.
void check_calibration(const CalibrationOptions& options);

/// Calibration windows or saved statistics, as the options say; empty if they say nothing. `notes` gets what a user
/// should know. Error(kUsage) as check_calibration().
struct Calibration {
  quant::CalibrationData data;
  std::vector<text::Window> text;  ///< the windows before they are bound; none of saved statistics
  std::int64_t windows = 0, tokens = 0;
  std::string text_sha256;
};
/// How much of the evaluation text also stands in the calibration text, as a note; empty if nothing does.
std::string overlap_note(const EvaluationText& evaluation, const Calibration& calibration);
Calibration calibration_data(const OpenModel& model, const CalibrationOptions& options,
                             std::vector<std::string>& notes);

}  // namespace kerf::api
