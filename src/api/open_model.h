#pragma once

#include <memory>
#include <span>
#include <string>

#include "kerf/kerf.h"

#include "formats/checkpoint.h"
#include "models/model_graph.h"
#include "sweep/overlay.h"
#include "sweep/walker.h"
#include "text/tokenizer.h"

namespace kerf::api {

/// A model ready for any command: its container, its graph, the way through it. Pinned in memory: the walker refers to
/// the graph.
class OpenModel {
 public:
  explicit OpenModel(const ModelInput& input);
  /// A model that was made from another one: `graph` instead of its own, which it runs under no roundings.
  OpenModel(const OpenModel& original, graph::Graph graph, bool untied_head);
  OpenModel(const OpenModel&) = delete;
  OpenModel& operator=(const OpenModel&) = delete;

  const std::string& path() const { return checkpoint_.path; }
  const formats::Checkpoint& checkpoint() const { return checkpoint_; }
  const description::Model& description() const { return built_.model; }
  const graph::Graph& graph() const { return built_.graph; }
  const sweep::Walker& walker() const { return walker_; }
  /// What the model itself asks for beside its weights: activations that are rounded. Whoever runs the model as it is
  /// runs it under this; a candidate made from it starts from the weights alone.
  const sweep::Overlay& overlay() const { return overlay_; }
  const std::vector<std::string>& notes() const { return notes_; }
  /// All weights' elements.
  std::uint64_t parameters() const;
  /// Bytes of all weights as they are stored.
  std::uint64_t tensor_bytes() const;
  /// Is any weight stored as codes?
  bool quantized() const;
  /// Runs every shape rule for windows of these shapes, each once, so that kernels may trust their inputs: of an
  /// imported graph one length says nothing of another. Error(kInput) naming the node.
  void check_windows(std::span<const sweep::WindowInputs> windows) const;

 private:
  void check_shapes(std::span<const Shape> inputs) const;

  formats::Checkpoint checkpoint_;
  models::ModelGraph built_;
  sweep::Walker walker_;
  sweep::Overlay overlay_;
  std::vector<std::string> notes_;
};

/// The tokenizer of a model, or of `path` (a folder with tokenizer files, or a tokenizer.json) if that is not empty.
std::shared_ptr<const text::Tokenizer> open_tokenizer(const formats::Checkpoint& checkpoint, const std::string& path);
/// As open_tokenizer; nullptr if `path` is empty and the model brings none.
std::shared_ptr<const text::Tokenizer> find_tokenizer(const formats::Checkpoint& checkpoint, const std::string& path);
/// The tokenizer at a path: a folder, a tokenizer.json, or any model.
std::shared_ptr<const text::Tokenizer> open_tokenizer(const std::string& path);

}  // namespace kerf::api
