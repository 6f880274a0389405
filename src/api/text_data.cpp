#include "api/text_data.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "calibration/statistics_file.h"
#include "core/error.h"
#include "core/sha256.h"
#include "core/strings.h"
#include "formats/safetensors/reader.h"
#include "sweep/bind.h"
#include "text/protocol.h"
#include "text/text_file.h"
#include "text/windows.h"

namespace kerf::api {
namespace {

/// Rows of the i64 or i32 tensor in a .safetensors file of ids: "input_ids" if there are several.
std::vector<std::vector<std::int64_t>> read_token_tensor(const std::string& path) {
  const formats::safetensors::Reader reader(path);
  const auto& tensors = reader.header().tensors;
  if (tensors.empty()) throw_input(path, "", "holds no tensor of token ids");
  const std::string name = tensors.contains("input_ids") ? "input_ids" : tensors.begin()->first;
  const Tensor tensor = reader.read_tensor(name);
  if ((tensor.dtype() != DType::kI64 && tensor.dtype() != DType::kI32) || tensor.rank() < 1 || tensor.rank() > 2) {
    throw_input(path, quoted(name),
                fmt::format("found {} {}, expected i64 or i32 [tokens] or [rows, tokens]", dtype_name(tensor.dtype()),
                            to_string(tensor.shape())));
  }
  const std::int64_t width = tensor.shape().back(), rows = width == 0 ? 0 : tensor.size() / width;
  std::vector<std::vector<std::int64_t>> sequences;
  for (std::int64_t r = 0; r < rows; ++r) {
    auto& row = sequences.emplace_back();
    for (std::int64_t c = 0; c < width; ++c) {
      const std::int64_t at = r * width + c;
      row.push_back(tensor.dtype() == DType::kI64 ? tensor.data<std::int64_t>()[at] : tensor.data<std::int32_t>()[at]);
    }
  }
  return sequences;
}

text::TokenStream open_stream(const OpenModel& model, const TextInput& input, std::string_view flag,
                              std::vector<std::string>& notes) {
  if (!input.tokens_file.empty()) {
    const auto sequences = ends_with(input.tokens_file, ".safetensors") ? read_token_tensor(input.tokens_file)
                                                                        : text::read_token_lines(input.tokens_file);
    return text::token_stream(sequences, input.tokens_file);
  }
  if (input.files.empty()) throw_usage(fmt::format("no text; give {} FILE, or token ids with --tokens", flag));
  const text::Text read = text::read_text(input.files);
  notes.insert(notes.end(), read.notes.begin(), read.notes.end());
  const auto tokenizer = open_tokenizer(model.checkpoint(), input.tokenizer);
  const std::int64_t rows = model.description().hyperparameters.vocab_size;
  if (tokenizer->vocab_size() > rows) {
    throw_input(model.path(), "tokenizer",
                fmt::format("has token ids up to {}, the model's embedding has rows 0 to {}",
                            tokenizer->vocab_size() - 1, rows - 1));
  }
  auto stream = text::encode_text(*tokenizer, read.text, input.files.front());
  if (stream.unknown > 0) {
    notes.push_back(fmt::format("{} of {} characters are not in the vocabulary",
                                with_commas(static_cast<std::uint64_t>(stream.unknown)),
                                with_commas(static_cast<std::uint64_t>(stream.characters))));
  }
  return stream;
}

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

sweep::WindowInputs bind_window(const OpenModel& model, std::span<const std::int64_t> ids) {
  try {
    return sweep::bind_ids(model.graph(), model.description(), ids);
  } catch (const Error& error) {
    throw_input(model.path(), error.place(), error.message());
  }
}

std::string hash_ids(const std::vector<text::Window>& windows) {
  Sha256 hash;
  for (const text::Window& window : windows) hash.update(std::as_bytes(std::span(window.ids)));
  return hash.finish();
}

}  // namespace

EvaluationText evaluation_text(const OpenModel& model, const EvaluationOptions& options) {
  EvaluationText result;
  if (!model.description().causal) {
    throw_usage(model.path() + ": perplexity is of causal language models; this one reads more than what came before");
  }
  const auto& protocol = text::find_protocol(options.protocol);
  const std::int64_t context = choose_context(model, options.context, protocol.default_context);
  const auto stream = open_stream(model, options.text, "--text", result.figures.notes);
  std::optional<std::int64_t> limit;
  if (options.windows >= 0) limit = options.windows;
  text::Windows cut = text::evaluation_windows(stream, options.protocol, context, limit);
  for (text::Window& window : cut.windows) result.windows.push_back({std::move(window.ids), window.first_scored});
  TextFigures& figures = result.figures;
  figures.protocol = protocol.name;
  figures.context = context;
  figures.windows = static_cast<std::int64_t>(result.windows.size());
  figures.tokens_total = cut.tokens_total;
  figures.tokens_dropped = cut.tokens_dropped;
  figures.tokens_scored = cut.tokens_scored;
  figures.bos = cut.uses_bos;
  figures.notes.insert(figures.notes.end(), cut.notes.begin(), cut.notes.end());
  if (cut.windows_total > figures.windows) {
    figures.notes.push_back(fmt::format("the first {} of {} windows are measured", figures.windows, cut.windows_total));
  }
  return result;
}

std::shared_ptr<const std::vector<sweep::WindowInputs>> bind_windows(const OpenModel& model,
                                                                     const std::vector<eval::ScoredWindow>& windows) {
  auto bound = std::make_shared<std::vector<sweep::WindowInputs>>();
  bound->reserve(windows.size());
  for (const eval::ScoredWindow& window : windows) bound->push_back(bind_window(model, window.ids));
  return bound;
}

Calibration calibration_data(const OpenModel& model, const CalibrationOptions& options,
                             std::vector<std::string>& notes) {
  Calibration result;
  if (!options.given()) return result;
  if (options.text.files.size() == 1 && calibration::is_statistics_file(options.text.files.front())) {
    auto statistics = calibration::read_statistics(options.text.files.front());
    result.windows = statistics.windows;
    result.tokens = statistics.tokens;
    result.text_sha256 = statistics.text_sha256;
    result.data.statistics = std::make_shared<const calibration::ModelStatistics>(std::move(statistics));
    return result;
  }
  constexpr std::int64_t kStandardContext = 512;
  const std::int64_t context = choose_context(model, options.context, kStandardContext);
  const auto stream = open_stream(model, options.text, "--calibration", notes);
  const text::Windows cut = text::calibration_windows(stream, context, options.samples, options.seed);
  notes.insert(notes.end(), cut.notes.begin(), cut.notes.end());
  auto bound = std::make_shared<std::vector<sweep::WindowInputs>>();
  for (const text::Window& window : cut.windows) bound->push_back(bind_window(model, window.ids));
  result.windows = static_cast<std::int64_t>(cut.windows.size());
  result.tokens = cut.tokens_used;
  result.text_sha256 = hash_ids(cut.windows);
  result.data.windows = std::move(bound);
  return result;
}

}  // namespace kerf::api
