#include "report/inspection.h"

#include <fmt/format.h>

#include "core/json_strings.h"
#include "core/strings.h"
#include "report/figures.h"
#include "report/measurement.h"
#include "report/table.h"

namespace kerf::report {
namespace {

using Align = Table::Align;

Json tensor_json(const TensorInfo& tensor) {
  Json::Object out;
  out.set("name", tensor.name);
  out.set("role", tensor.role);
  if (tensor.layer >= 0) out.set("layer", tensor.layer);
  out.set("dtype", tensor.dtype);
  out.set("shape", Json::Array(tensor.shape.begin(), tensor.shape.end()));
  out.set("bytes", tensor.bytes);
  out.set("bits_per_weight", tensor.bits_per_weight);
  return out;
}

Json memory_json(const MemoryEstimate& estimate) {
  Json::Object out;
  out.set("precision", estimate.precision);
  out.set("weights_bytes", estimate.weights);
  out.set("kv_cache_bytes", estimate.kv_cache);
  out.set("activations_bytes", estimate.activations);
  return out;
}

std::string whole(std::int64_t count) { return with_commas(static_cast<std::uint64_t>(count < 0 ? 0 : count)); }

/// Figures of the architecture that the model states, in one line each; zero means that it has none.
void add_architecture(Table& facts, const Inspection& model) {
  const auto add = [&](const char* name, std::int64_t value) {
    if (value > 0) facts.row({name, whole(value)});
  };
  if (model.decoder_layers > 0) {
    facts.row({"layers", fmt::format("{} of the encoder, {} of the decoder", model.layers - model.decoder_layers,
                                     model.decoder_layers)});
  } else {
    add("layers", model.layers);
  }
  add("hidden size", model.hidden);
  add("feed-forward", model.intermediate);
  if (model.heads > 0) {
    facts.row({"attention", fmt::format("{}, {}, {} wide", counted(model.heads, "query head"),
                                        counted(model.kv_heads, "key/value head"), whole(model.head_dim))});
  }
  if (!model.activation.empty()) facts.row({"activation", printable(model.activation)});
  if (model.windowed_layers > 0) {
    facts.row({"window", fmt::format("{} tokens in {} of {}", whole(model.window), whole(model.windowed_layers),
                                     counted(model.layers, "layer"))});
  }
  if (model.experts > 0) {
    facts.row({"experts", fmt::format("{}, {} for each token", whole(model.experts), whole(model.experts_per_token))});
  }
  if (!model.positions.empty()) facts.row({"positions", printable(model.positions)});
  if (model.vocabulary > 0) {
    facts.row({"vocabulary", whole(model.vocabulary) + (model.tied_head ? ", head tied to the embedding" : "")});
  }
  if (model.context > 0) facts.row({"context", whole(model.context) + " tokens"});
}

std::string labels_text(const std::vector<std::string>& labels) {
  constexpr std::size_t kShown = 8;
  const std::vector<std::string> first(labels.begin(), labels.begin() + std::min(labels.size(), kShown));
  return fmt::format("{}: {}{}", labels.size(), printable(join(first, ", ")), labels.size() > kShown ? ", ..." : "");
}

std::string summary(const Inspection& model) {
  Table facts;
  facts.column("").column("");
  facts.row({"model", printable(model.path)});
  facts.row({"container", printable(model.container)});
  if (!model.family.empty()) facts.row({"family", printable(model.family)});
  if (!model.task.empty()) facts.row({"task", model.task});
  if (!model.labels.empty()) facts.row({"labels", labels_text(model.labels)});
  facts.row({"parameters", fmt::format("{} in {}, {} bits per weight", with_commas(model.parameters),
                                       exact_bytes(model.tensor_bytes), fixed(model.bits_per_weight, 2))});
  add_architecture(facts, model);
  facts.row({"tokenizer", model.tokenizer.empty() ? "none" : printable(model.tokenizer)});
  return facts.text();
}

std::string tensors_table(const Inspection& model) {
  Table table;
  table.column("tensor").column("role").column("layer", Align::kRight).column("dtype").column("shape");
  table.column("bytes", Align::kRight).column("bits/weight", Align::kRight);
  for (const TensorInfo& tensor : model.tensors) {
    table.row({printable(tensor.name), tensor.role, tensor.layer < 0 ? "-" : std::to_string(tensor.layer), tensor.dtype,
               shape_text(tensor.shape), with_commas(tensor.bytes), fixed(tensor.bits_per_weight, 2)});
  }
  return table.text();
}

std::string memory_table(const Inspection& model) {
  Table table;
  table.column("memory to run at").column("weights", Align::kRight).column("KV cache", Align::kRight);
  table.column("activations", Align::kRight).column("together", Align::kRight);
  for (const MemoryEstimate& m : model.memory) {
    table.row({m.precision, human_bytes(m.weights), human_bytes(m.kv_cache), human_bytes(m.activations),
               human_bytes(m.weights + m.kv_cache + m.activations)});
  }
  return table.text();
}

}  // namespace

Json to_json(const Inspection& model) {
  Json::Object out;
  out.set("path", utf8_text(model.path));
  out.set("container", model.container);
  out.set("family", model.family);
  out.set("task", model.task);
  if (!model.labels.empty()) out.set("labels", strings_json(model.labels));
  out.set("tokenizer", model.tokenizer);
  out.set("parameters", model.parameters);
  out.set("tensor_bytes", model.tensor_bytes);
  out.set("bits_per_weight", model.bits_per_weight);
  out.set("layers", model.layers);
  if (model.decoder_layers > 0) out.set("decoder_layers", model.decoder_layers);
  out.set("hidden", model.hidden);
  out.set("intermediate", model.intermediate);
  out.set("heads", model.heads);
  out.set("kv_heads", model.kv_heads);
  out.set("head_dim", model.head_dim);
  out.set("vocabulary", model.vocabulary);
  out.set("context", model.context);
  out.set("tied_head", model.tied_head);
  out.set("activation", model.activation);
  out.set("positions", model.positions);
  out.set("window", model.window);
  out.set("windowed_layers", model.windowed_layers);
  out.set("experts", model.experts);
  out.set("experts_per_token", model.experts_per_token);
  Json::Array tensors, memory;
  for (const TensorInfo& tensor : model.tensors) tensors.emplace_back(tensor_json(tensor));
  for (const MemoryEstimate& estimate : model.memory) memory.emplace_back(memory_json(estimate));
  out.set("tensors", std::move(tensors));
  out.set("memory", std::move(memory));
  out.set("notes", strings_json(model.notes));
  return out;
}

std::string to_text(const Inspection& model) {
  std::string out = summary(model);
  if (!model.tensors.empty()) out += "\n" + tensors_table(model);
  if (!model.memory.empty()) out += "\n" + memory_table(model);
  return out + notes_text(model.notes);
}

}  // namespace kerf::report
