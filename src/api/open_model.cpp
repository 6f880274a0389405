#include "api/open_model.h"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "api/adapters.h"
#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "formats/huggingface.h"
#include "ops/op.h"

namespace kerf::api {
namespace {

models::ModelGraph build(const formats::Checkpoint& checkpoint, const std::string& family) {
  if (checkpoint.imported != nullptr) return {checkpoint.imported->description, checkpoint.imported->graph, {}};
  return models::build_model(JsonCursor(checkpoint.config, checkpoint.config_file), checkpoint.tensors, family);
}

formats::Checkpoint open(const ModelInput& input) {
  formats::Checkpoint checkpoint = formats::open_checkpoint(input.path, {.allow_bin = input.allow_bin});
  if (checkpoint.imported != nullptr) {
    if (!input.family.empty()) throw_usage("--family: an ONNX model says itself how it computes, and is of no family");
    if (!input.adapters.empty())
      throw_usage("--lora: adapters go into the checkpoint of a family, not into an ONNX model");
  }
  // What is written from it says so too, and is read without being told again.
  if (!input.family.empty()) checkpoint.config.set("model_type", input.family);
  if (!input.adapters.empty()) merge_adapters(input.adapters, build(checkpoint, input.family), checkpoint);
  return checkpoint;
}

/// The roundings of activations that the checkpoint asks for.
sweep::Overlay make_overlay(const formats::Checkpoint& checkpoint, const sweep::Walker& walker) {
  sweep::Overlay overlay;
  for (const sweep::Site& site : walker.plan().sites) {
    const auto found = checkpoint.activations.find(walker.graph().value(site.weight).weight.name);
    if (found == checkpoint.activations.end()) continue;
    for (const graph::NodeId node : site.linear_uses) {
      overlay.set_rounding(node, {.input = 0, .quantizer = found->second});
    }
  }
  return overlay;
}

}  // namespace

OpenModel::OpenModel(const ModelInput& input)
    : checkpoint_(open(input)),
      built_(build(checkpoint_, input.family)),
      walker_(built_.graph),
      overlay_(make_overlay(checkpoint_, walker_)) {
  notes_ = checkpoint_.notes;
  notes_.insert(notes_.end(), built_.notes.begin(), built_.notes.end());
  const Shape shortest = {1, std::max<std::int64_t>(description().fixed_length, 1)};
  check_shapes(std::vector<Shape>(graph().inputs().size(), shortest));
}

OpenModel::OpenModel(const OpenModel& original, graph::Graph graph, bool untied_head)
    : checkpoint_(original.checkpoint_),
      built_{original.built_.model, std::move(graph), original.built_.notes},
      walker_(built_.graph),
      notes_(original.notes_) {
  checkpoint_.activations.clear();
  if (!untied_head) return;
  built_.model.hyperparameters.tied_head = false;
  built_.model.config.set("tie_word_embeddings", false);
}

std::uint64_t OpenModel::parameters() const {
  std::uint64_t total = 0;
  for (const graph::ValueId id : graph().weights()) {
    total += static_cast<std::uint64_t>(numel(graph().value(id).weight.source->shape()));
  }
  return total;
}

std::uint64_t OpenModel::tensor_bytes() const {
  std::uint64_t total = 0;
  for (const graph::ValueId id : graph().weights()) total += graph().value(id).weight.source->stored_bytes();
  return total;
}

bool OpenModel::quantized() const {
  const auto weights = graph().weights();
  return std::any_of(weights.begin(), weights.end(),
                     [&](graph::ValueId id) { return graph().value(id).weight.source->scheme().has_value(); });
}

void OpenModel::check_shapes(std::span<const Shape> inputs) const {
  std::vector<ops::TensorSpec> specs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    specs.push_back({graph().value(graph().inputs()[i]).dtype, inputs[i]});
  }
  try {
    ops::infer_specs(graph(), specs);
  } catch (const Error& error) {
    throw_input(path(), error.place(), error.message());
  }
}

void OpenModel::check_windows(std::span<const sweep::WindowInputs> windows) const {
  std::set<std::vector<Shape>> seen;
  for (const sweep::WindowInputs& window : windows) {
    std::vector<Shape> shapes;
    for (const Tensor& input : window) shapes.push_back(input.shape());
    if (seen.insert(shapes).second) check_shapes(shapes);
  }
}

namespace {

std::shared_ptr<const text::Tokenizer> make_tokenizer(const description::Tokenizer& parts, const std::string& path,
                                                      std::string_view remedy) {
  if (!parts.tokenizer_json.is_null()) return text::Tokenizer::make(parts);
  if (parts.refusal) throw *parts.refusal;
  throw_input(
      path, "",
      fmt::format("has no tokenizer (tokenizer.json, tokenizer.model, vocab.json with merges.txt, or vocab.txt){}",
                  remedy));
}

}  // namespace

std::shared_ptr<const text::Tokenizer> open_tokenizer(const formats::Checkpoint& checkpoint, const std::string& path) {
  if (!path.empty()) return open_tokenizer(path);
  return make_tokenizer(checkpoint.tokenizer, checkpoint.path,
                        "; name one with --tokenizer, or give token ids with --tokens");
}

std::shared_ptr<const text::Tokenizer> find_tokenizer(const formats::Checkpoint& checkpoint, const std::string& path) {
  if (!path.empty()) return open_tokenizer(path);
  return checkpoint.tokenizer.tokenizer_json.is_null() ? nullptr : text::Tokenizer::make(checkpoint.tokenizer);
}

std::shared_ptr<const text::Tokenizer> open_tokenizer(const std::string& path) {
  if (!path_exists(path)) throw_input(path, "", "there is no such file or directory");
  if (is_directory(path) || ends_with(path, ".json")) {
    return make_tokenizer(formats::read_tokenizer(path), path, "");
  }
  const auto checkpoint = formats::open_checkpoint(path);
  return open_tokenizer(checkpoint, "");
}

}  // namespace kerf::api
