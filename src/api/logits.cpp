#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "kerf/kerf.h"

#include "api/open_model.h"
#include "api/session.h"
#include "core/error.h"
#include "core/output.h"
#include "core/strings.h"
#include "formats/safetensors/reader.h"
#include "formats/safetensors/writer.h"
#include "sweep/bind.h"

namespace kerf {
namespace {

using api::OpenModel;

/// Logits of bound windows, one after another: [1, ...] each.
std::vector<Tensor> run_windows(const OpenModel& model, std::vector<sweep::WindowInputs> inputs,
                                const api::Session& session) {
  const auto windows = std::make_shared<const std::vector<sweep::WindowInputs>>(std::move(inputs));
  sweep::Stream stream(windows, session.budget());
  const auto& blocks = model.walker().plan().blocks;
  for (std::size_t b = 0; b + 1 < blocks.size(); ++b) model.walker().advance(stream, blocks[b].end, nullptr, nullptr);
  std::vector<Tensor> results;
  const graph::ValueId logits = *model.graph().find_output("logits");
  model.walker().visit(stream, static_cast<graph::NodeId>(model.graph().nodes().size()), {&logits, 1}, nullptr, nullptr,
                       -1, [&](std::size_t, std::span<const Tensor> values) { results.push_back(values.front()); });
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
  write_logits(output, stack(run_windows(model, std::move(windows), session)));
}

std::vector<std::pair<std::string, double>> next_tokens(const ModelInput& input, const std::string& prompt, int count,
                                                        const Resources& resources) {
  const api::Session session(resources);
  const OpenModel model(input);
  if (!model.description().causal) {
    throw_usage(model.path() + ": next tokens are of causal language models; give its inputs with --inputs");
  }
  const auto tokenizer = api::open_tokenizer(model.checkpoint(), "");
  const auto ids = tokenizer->encode(prompt, true);
  if (ids.empty()) throw_usage("the prompt has no tokens");
  const auto results = run_windows(model, {sweep::bind_ids(model.graph(), model.description(), ids)}, session);
  const Tensor& all = results.front();
  const auto vocabulary = static_cast<std::size_t>(all.shape().back());
  const auto last = all.values<float>().last(vocabulary);
  const float peak = *std::max_element(last.begin(), last.end());
  double sum = 0;
  for (const float logit : last) sum += std::exp(static_cast<double>(logit - peak));
  std::vector<std::int64_t> order(vocabulary);
  for (std::size_t i = 0; i < vocabulary; ++i) order[i] = static_cast<std::int64_t>(i);
  const auto shown =
      static_cast<std::ptrdiff_t>(std::min<std::size_t>(vocabulary, static_cast<std::size_t>(std::max(count, 0))));
  std::partial_sort(order.begin(), order.begin() + shown, order.end(), [&](std::int64_t a, std::int64_t b) {
    return last[static_cast<std::size_t>(a)] > last[static_cast<std::size_t>(b)];
  });
  std::vector<std::pair<std::string, double>> best;
  for (std::ptrdiff_t i = 0; i < shown; ++i) {
    const std::int64_t id = order[static_cast<std::size_t>(i)];
    best.emplace_back(tokenizer->decode({id}, false),
                      std::exp(static_cast<double>(last[static_cast<std::size_t>(id)] - peak)) / sum);
  }
  return best;
}

}  // namespace kerf
