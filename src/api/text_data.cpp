#include "api/text_data.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "api/token_source.h"
#include "calibration/importance.h"
#include "calibration/statistics_file.h"
#include "core/error.h"
#include "core/quantities.h"
#include "core/sha256.h"
#include "core/strings.h"
#include "formats/gguf/importance.h"
#include "sweep/bind.h"
#include "text/hygiene.h"
#include "text/protocol.h"
#include "text/windows.h"

namespace kerf::api {
namespace {

/// The context to use: what was asked, else `standard`, at most what the model was made for.
std::int64_t choose_context(const OpenModel& model, std::int64_t asked, std::int64_t standard) {
  const std::int64_t longest = model.description().hyperparameters.context_length;
  if (asked <= 0) return longest > 0 ? std::min(standard, longest) : standard;
  const std::int64_t limit = model.description().hyperparameters.max_positions;
  if (limit > 0 && asked > limit) {
    throw_usage(fmt::format("--context {}: the model has positions for {}", asked, limit));
  }
  return asked;
}

/// Windows longer than the model has seen are measured, but say little.
void note_long_context(const OpenModel& model, std::int64_t context, std::vector<std::string>& notes) {
  const std::int64_t longest = model.description().hyperparameters.context_length;
  if (longest > 0 && context > longest) {
    notes.push_back(fmt::format("--context {}: the model was made for {} tokens; figures beyond say little of it",
                                context, longest));
  }
}

sweep::WindowInputs bind_window(const OpenModel& model, const text::Window& window) {
  try {
    return sweep::bind_ids(model.graph(), model.description(), window.ids, window.decoder_ids);
  } catch (const Error& error) {
    throw_input(model.path(), error.place(), error.message());
  }
}

bool same_values(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && std::equal(a.raw(), a.raw() + a.bytes(), b.raw());
}

/// Of what is read and what is scored.
std::string hash_windows(const std::vector<text::Window>& windows) {
  Sha256 hash;
  for (const text::Window& window : windows) {
    hash.update(std::as_bytes(std::span(window.ids)));
    hash.update(std::as_bytes(std::span(window.decoder_ids)));
    hash.update(std::as_bytes(std::span(window.places)));
  }
  return hash.finish();
}

/// The tokenizer that the text came through; of ids the model's, if there is one that can be used.
std::shared_ptr<const text::Tokenizer> display_tokenizer(const OpenModel& model, const TokenSource& source,
                                                         const TextInput& input) {
  if (source.tokenizer() != nullptr) return source.tokenizer();
  try {
    return find_tokenizer(model.checkpoint(), input.tokenizer);
  } catch (const Error&) {
    return nullptr;  // ids need none: tokens are shown by number
  }
}

/// "BertForMaskedLM" of "BertModel", "T5ForConditionalGeneration" of "T5EncoderModel".
std::string architecture_with_head(const description::Model& model) {
  const JsonCursor config(model.config, "");
  const auto architectures = config.get("architectures");
  if (!architectures || architectures->as_array().empty()) return "";
  std::string name = architectures->at(std::size_t{0}).as_string();
  for (const auto& [base, head] :
       {std::pair<std::string_view, std::string_view>{"EncoderModel", "ForConditionalGeneration"},
        {"Model", "ForMaskedLM"}}) {
    if (ends_with(name, base)) return name.substr(0, name.size() - base.size()).append(head);
  }
  return "";
}

/// Error(kInput) unless the model predicts something that can be measured.
void require_predictions(const OpenModel& model) {
  const description::Model& description = model.description();
  if (description.task == description::Task::kFeatures) {
    const std::string better = architecture_with_head(description);
    throw_input(model.path(), "",
                fmt::format("is a base model without a trained head, which predicts nothing that could be measured; "
                            "evaluate {}",
                            better.empty() ? "the checkpoint of the masked language model that it belongs to"
                                           : "a checkpoint of " + quoted(better)));
  }
  if (description.task != description::Task::kClassification) return;
  const JsonCursor config(description.config, model.checkpoint().config_file);
  const std::string problem = config.string_or("problem_type", "single_label_classification");
  if (problem != "single_label_classification") {
    config.at("problem_type")
        .fail(fmt::format("found {}, expected 'single_label_classification': kerf compares distributions over classes "
                          "of which one is right",
                          quoted(problem)));
  }
  if (description.labels.size() < 2) {
    throw_input(model.path(), "",
                "has a single output, a regression: there is no distribution over classes to compare");
  }
}

/// A hidden token is not among the model's inputs, where ids are checked.
void check_targets(const std::vector<text::Window>& windows, std::int64_t vocabulary, const std::string& source) {
  for (const text::Window& window : windows) {
    for (const text::Place& place : window.places) {
      if (place.target >= 0 && place.target < vocabulary) continue;
      throw_input(source, "", fmt::format("token id {}, the model has ids 0 to {}", place.target, vocabulary - 1));
    }
  }
}

/// How the tokenizer cuts the text.
void set_text_shares(const text::TokenStream& stream, TextFigures& figures) {
  const auto share = [](std::int64_t part, double whole) { return whole > 0 ? static_cast<double>(part) / whole : 0; };
  figures.conversations = stream.conversations;
  figures.tokens_per_word = share(stream.words > 0 ? std::ssize(stream.ids) : 0, static_cast<double>(stream.words));
  figures.unknown_share = share(stream.unknown, static_cast<double>(stream.characters));
  figures.byte_fallback_share = share(stream.byte_tokens, static_cast<double>(stream.ids.size()));
}

TextFigures figures_of(const text::Windows& cut, const text::ProtocolInfo& protocol, const TokenSource& source) {
  TextFigures figures;
  figures.protocol = protocol.name;
  figures.figure = protocol.figure;
  figures.context = cut.context;
  figures.windows = cut.windows_cut;
  figures.runs = static_cast<std::int64_t>(cut.windows.size());
  figures.tokens_total = cut.tokens_total;
  figures.tokens_dropped = cut.tokens_dropped;
  figures.tokens_scored = cut.tokens_scored;
  figures.bos = cut.uses_bos;
  figures.special = cut.special;
  figures.masked_share = cut.masked_share;
  figures.by_line = protocol.by_line;
  figures.blank_lines = source.blank_lines();
  figures.stride = cut.stride;
  figures.words = cut.words;
  figures.bytes = cut.bytes;
  figures.documents = cut.documents;
  figures.notes = source.notes();
  figures.notes.insert(figures.notes.end(), cut.notes.begin(), cut.notes.end());
  const std::int64_t measured = protocol.by_document ? cut.documents : figures.windows;
  if (cut.windows_total > measured) {
    figures.notes.push_back(fmt::format("the first {} of {} {} are measured", measured, cut.windows_total,
                                        protocol.by_line       ? "lines"
                                        : protocol.by_document ? "documents"
                                                               : "windows"));
  }
  return figures;
}

}  // namespace

EvaluationText evaluation_text(const OpenModel& model, const EvaluationOptions& options) {
  require_predictions(model);
  const description::Model& description = model.description();
  TokenSource source(model, options.text, "--text");
  const auto& protocol = text::choose_protocol(options.protocol, description.task, source.special());
  const std::int64_t context = choose_context(model, options.context, protocol.default_context);
  const text::TokenStream stream = source.read(protocol.by_document ? Lines::kDocuments
                                               : protocol.by_line   ? Lines::kLabelled
                                                                    : Lines::kJoined);
  std::optional<std::int64_t> limit;
  if (options.windows >= 0) limit = options.windows;
  EvaluationText result;
  text::Windows cut = text::evaluation_windows(stream, protocol.name, context, limit, options.stride);
  result.figures = figures_of(cut, protocol, source);
  note_long_context(model, context, result.figures.notes);
  set_text_shares(stream, result.figures);
  result.windows = std::move(cut.windows);
  result.figures.sha256 = hash_windows(result.windows);
  result.layout = eval::make_layout(result.windows);
  result.tokenizer = display_tokenizer(model, source, options.text);
  if (protocol.by_line) {
    result.classes = std::ssize(description.labels);
  } else {
    check_targets(result.windows, description.hyperparameters.vocab_size, stream.source);
  }
  return result;
}

std::shared_ptr<const std::vector<sweep::WindowInputs>> bind_windows(const OpenModel& model,
                                                                     std::span<const text::Window> windows) {
  auto bound = std::make_shared<std::vector<sweep::WindowInputs>>();
  bound->reserve(windows.size());
  for (const text::Window& window : windows) {
    sweep::WindowInputs inputs = bind_window(model, window);
    // Masks, positions and types are the same for all windows of a length: kept once.
    for (std::size_t i = 0; i < inputs.size() && !bound->empty(); ++i) {
      const Tensor& before = bound->back()[i];
      if (same_values(inputs[i], before)) inputs[i] = before;
    }
    bound->push_back(std::move(inputs));
  }
  model.check_windows(*bound);
  return bound;
}

namespace {

calibration::ModelStatistics read_saved(const OpenModel& model, const std::string& path,
                                        std::vector<std::string>& notes) {
  if (calibration::is_statistics_file(path)) return calibration::read_statistics(path);
  return calibration::from_importance(model.graph(), formats::gguf::read_importance_file(path), path, notes);
}

bool is_saved_file(const std::string& path) {
  return calibration::is_statistics_file(path) || formats::gguf::is_importance_file(path);
}

}  // namespace

bool is_importance(const CalibrationOptions& options) {
  return options.text.files.size() == 1 && !calibration::is_statistics_file(options.text.files.front()) &&
         formats::gguf::is_importance_file(options.text.files.front());
}

bool is_saved(const CalibrationOptions& options) {
  return options.text.files.size() == 1 && is_saved_file(options.text.files.front());
}

void check_calibration(const CalibrationOptions& options) {
  const std::vector<std::string>& files = options.text.files;
  if (files.size() < 2) return;
  const auto saved = std::find_if(files.begin(), files.end(), is_saved_file);
  if (saved == files.end()) return;
  const bool can_be_merged = std::all_of(files.begin(), files.end(), calibration::is_statistics_file);
  throw_usage(fmt::format("{}: saved statistics cannot be combined with other calibration data{}", *saved,
                          can_be_merged ? "; kerf calibrate --merge adds files of them up" : "; give them alone"));
}

Calibration calibration_data(const OpenModel& model, const CalibrationOptions& options,
                             std::vector<std::string>& notes) {
  Calibration result;
  if (!options.given()) return result;
  check_calibration(options);
  if (is_saved(options)) {
    auto statistics = read_saved(model, options.text.files.front(), notes);
    result.windows = statistics.windows;
    result.tokens = statistics.tokens;
    result.text_sha256 = statistics.text_sha256;
    if (options.held_out > 0) {
      notes.emplace_back("saved statistics are of the whole text: no method is checked on a share that was held out");
    }
    result.data.statistics = std::make_shared<const calibration::ModelStatistics>(std::move(statistics));
    return result;
  }
  constexpr std::int64_t kStandardContext = 512;
  const std::int64_t context = choose_context(model, options.context, kStandardContext);
  const description::Task task = model.description().task;
  TokenSource source(model, options.text, "--calibration");
  const auto stream = source.read(task == description::Task::kClassification ? Lines::kApart : Lines::kJoined);
  notes.insert(notes.end(), source.notes().begin(), source.notes().end());
  note_long_context(model, context, notes);
  text::Windows cut = text::calibration_windows(stream, task, context, options.samples, options.seed);
  notes.insert(notes.end(), cut.notes.begin(), cut.notes.end());
  if (task == description::Task::kMaskedLm && !stream.special.mask) {
    notes.emplace_back("the calibration text is read without masks: the mask token is not known (--mask-token)");
  }
  result.windows = static_cast<std::int64_t>(cut.windows.size());
  result.tokens = cut.tokens_used;
  result.text_sha256 = hash_windows(cut.windows);
  result.data.windows = bind_windows(model, cut.windows);
  result.data.held_out = options.held_out;
  result.text = std::move(cut.windows);
  return result;
}

std::string overlap_note(const EvaluationText& evaluation, const Calibration& calibration) {
  // Phrases repeat by themselves; runs of so many tokens hardly do.
  constexpr std::size_t kRun = 13;
  const double share = text::overlap_share(evaluation.windows, calibration.text, kRun);
  if (share <= 0) return "";
  return fmt::format("{} of the evaluation text's runs of {} tokens also stand in the calibration text: {}",
                     percent_text(share), kRun,
                     share > 0.01 ? "figures of calibrated candidates are better than on new text" : "a few");
}

}  // namespace kerf::api
