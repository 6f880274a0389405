#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>

#include <fmt/format.h>

#include "kerf/kerf.h"

#include "api/measuring_memory.h"
#include "api/open_model.h"
#include "api/session.h"
#include "core/error.h"
#include "core/output.h"
#include "core/strings.h"
#include "core/threads.h"
#include "formats/safetensors/reader.h"
#include "formats/safetensors/writer.h"
#include "sweep/bind.h"

namespace kerf {
namespace {

using api::OpenModel;

/// Sees to it that running the windows keeps to the session's memory: all logits stay, and once more put together.
void plan_memory(const OpenModel& model, const std::vector<sweep::WindowInputs>& windows, const api::Session& session) {
  std::uint64_t longest = 0, tokens = 0;
  for (const sweep::WindowInputs& window : windows) {
    const auto length = static_cast<std::uint64_t>(window.front().size());
    longest = std::max(longest, length);
    tokens += length;
  }
  const std::vector<const OpenModel*> models = {&model};
  api::MeasuringMemory memory = api::running_memory(models, longest, thread_count());
  memory.results =
      2 * tokens * static_cast<std::uint64_t>(model.description().hyperparameters.vocab_size) * sizeof(float);
  api::plan_measuring(memory, 0, session);
}

/// Logits of bound windows, one after another: [1, ...] each.
std::vector<Tensor> run_windows(const OpenModel& model, std::vector<sweep::WindowInputs> inputs,
                                const api::Session& session) {
  model.check_windows(inputs);
  plan_memory(model, inputs, session);
  const auto windows = std::make_shared<const std::vector<sweep::WindowInputs>>(std::move(inputs));
  sweep::Stream stream(windows, session.budget());
  const auto& blocks = model.walker().plan().blocks;
  for (std::size_t b = 0; b + 1 < blocks.size(); ++b)
    model.walker().advance(stream, blocks[b].end, &model.overlay(), nullptr);
  std::vector<Tensor> results;
  const graph::ValueId logits = *model.graph().find_output("logits");
  model.walker().visit(stream, static_cast<graph::NodeId>(model.graph().nodes().size()), {&logits, 1}, &model.overlay(),
                       nullptr, std::nullopt,
                       [&](std::size_t, std::span<const Tensor> values) { results.push_back(values.front()); });
  return results;
}

std::map<std::string, Tensor> read_inputs(const std::string& path) {
  const formats::safetensors::Reader reader(path);
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, entry] : reader.header().tensors) {
    if (name == "logits") continue;
    tensors.emplace(name, reader.read_tensor(name));
  }
  return tensors;
}

Tensor stack(const std::vector<Tensor>& rows) {
  Shape shape = rows.front().shape();
  shape.front() = static_cast<std::int64_t>(rows.size());
  Tensor all(DType::kF32, shape);
  std::int64_t at = 0;
  for (const Tensor& row : rows) {
    std::copy_n(row.data<float>(), row.size(), all.data<float>() + at);
    at += row.size();
  }
  return all;
}

/// Does the model take ranges from all activations of a call? Then the rows of a batch belong together.
bool ranges_over_calls(const graph::Graph& graph) {
  return std::any_of(graph.nodes().begin(), graph.nodes().end(),
                     [](const graph::Node& node) { return node.op == "DynamicQuantizeLinear"; });
}

/// The rows of a batch as one window: inputs [batch, length].
sweep::WindowInputs together(const std::vector<sweep::WindowInputs>& rows) {
  sweep::WindowInputs all;
  for (std::size_t i = 0; i < rows.front().size(); ++i) {
    Shape shape = rows.front()[i].shape();
    const std::size_t bytes = rows.front()[i].bytes();
    shape.front() = std::ssize(rows);
    Tensor batch(rows.front()[i].dtype(), shape);
    for (std::size_t row = 0; row < rows.size(); ++row) {
      std::copy_n(rows[row][i].raw(), bytes, batch.raw() + row * bytes);
    }
    all.push_back(std::move(batch));
  }
  return all;
}

void write_logits(const std::string& path, const Tensor& logits) {
  namespace st = formats::safetensors;
  const std::vector<st::TensorPlan> plan = {{"logits", DType::kF32, logits.shape()}};
  OutputFile file(path);
  st::Writer writer(file, plan, st::kPyTorchMetadata);
  writer.append("logits", {logits.raw(), logits.bytes()});
  writer.finish();
  file.commit();
}

}  // namespace

void logits(const ModelInput& input, const std::string& inputs, const std::string& output, const Resources& resources) {
  const api::Session session(resources);
  const auto tensors = read_inputs(inputs);
  const OpenModel model(input);
  const auto ids = tensors.find("input_ids");
  if (ids == tensors.end()) throw_input(inputs, "input_ids", "the tensor is missing");
  if (ids->second.rank() != 2 || ids->second.size() == 0) {
    throw_input(inputs, "input_ids", "found shape " + to_string(ids->second.shape()) + ", expected [batch, length]");
  }
  std::vector<sweep::WindowInputs> windows;
  for (std::int64_t row = 0; row < ids->second.dim(0); ++row) {
    try {
      windows.push_back(sweep::bind_named(model.graph(), model.description(), tensors, row));
    } catch (const Error& error) {
      throw_input(inputs, error.place(), error.message());
    }
  }
  if (windows.size() > 1 && ranges_over_calls(model.graph())) {
    return write_logits(output, run_windows(model, {together(windows)}, session).front());
  }
  write_logits(output, stack(run_windows(model, std::move(windows), session)));
}

namespace {

/// Softmax of a row of logits, the `count` most likely entries, best first; ties go to the lower index.
std::vector<std::pair<std::int64_t, double>> most_likely(std::span<const float> logits, int count) {
  const float peak = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit - peak));
  std::vector<std::int64_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto at = [&](std::int64_t index) { return logits[static_cast<std::size_t>(index)]; };
  const auto shown = std::min<std::ptrdiff_t>(std::ssize(logits), std::max(count, 0));
  std::partial_sort(order.begin(), order.begin() + shown, order.end(),
                    [&](std::int64_t a, std::int64_t b) { return at(a) > at(b) || (at(a) == at(b) && a < b); });
  std::vector<std::pair<std::int64_t, double>> best;
  for (std::ptrdiff_t i = 0; i < shown; ++i) {
    const std::int64_t index = order[static_cast<std::size_t>(i)];
    best.emplace_back(index, std::exp(static_cast<double>(at(index) - peak)) / sum);
  }
  return best;
}

/// Where the prediction of a prompt stands in the logits, and what it is of.
std::vector<std::pair<std::int64_t, Prediction>> places_of(const OpenModel& model, const text::Tokenizer& tokenizer,
                                                           const std::vector<std::int64_t>& ids) {
  using description::Task;
  switch (model.description().task) {
    case Task::kCausalLm:
      return {{std::ssize(ids) - 1, {.what = "next token"}}};
    case Task::kSequenceToSequence:
      return {{0, {.what = "first token"}}};
    case Task::kClassification:
      return {{0, {.what = "label"}}};
    case Task::kMaskedLm:
    case Task::kFeatures:
      break;
  }
  if (model.description().task == Task::kFeatures) {
    throw_usage(model.path() +
                ": is a base model without a head, which predicts nothing; give its inputs with --inputs");
  }
  const auto mask = tokenizer.mask_id();
  if (!mask) throw_input(model.path(), "tokenizer", "names no mask token");
  std::vector<std::pair<std::int64_t, Prediction>> places;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] != *mask) continue;
    const std::int64_t number = std::ssize(places) + 1;
    places.push_back({static_cast<std::int64_t>(i), {.what = fmt::format("token at mask {}", number), .mask = number}});
  }
  if (places.empty()) {
    throw_usage(fmt::format("the prompt has no mask, whose token a masked language model predicts: write {} in it",
                            quoted(tokenizer.token(*mask).value_or(""))));
  }
  return places;
}

}  // namespace

std::vector<Prediction> predict(const ModelInput& input, const std::string& prompt, int count,
                                const Resources& resources) {
  const api::Session session(resources);
  const OpenModel model(input);
  const auto tokenizer = api::open_tokenizer(model.checkpoint(), "");
  const auto ids = tokenizer->encode(prompt, true);
  if (ids.empty()) throw_usage("the prompt has no tokens");
  const auto places = places_of(model, *tokenizer, ids);
  // A decoder that is to write one token reads its start alone.
  const std::vector<std::int64_t> written(
      model.description().task == description::Task::kSequenceToSequence ? std::size_t{1} : std::size_t{0}, 0);
  const auto results = run_windows(model, {sweep::bind_ids(model.graph(), model.description(), ids, written)}, session);
  const auto width = static_cast<std::size_t>(results.front().shape().back());
  std::vector<Prediction> predictions;
  for (const auto& [position, about] : places) {
    Prediction& prediction = predictions.emplace_back(about);
    const auto row = results.front().values<float>().subspan(static_cast<std::size_t>(position) * width, width);
    for (const auto& [index, probability] : most_likely(row, count)) {
      const auto& labels = model.description().labels;
      prediction.best.emplace_back(
          labels.empty() ? tokenizer->decode({index}, false) : labels[static_cast<std::size_t>(index)], probability);
    }
  }
  return predictions;
}

}  // namespace kerf
