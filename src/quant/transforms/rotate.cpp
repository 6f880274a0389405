// Rotations that are folded into weights (Ashkboos et al. 2024, QuaRot, arXiv:2404.00456, section 4, stages 1a and 1b
// without those that a runtime would have to compute): the residual stream is multiplied by an orthogonal Q, and each
// head's values by one of their own. Scales of RMS norms move into the matrices that follow them, so that the norms
// commute with Q. What single channels had in excess is spread over all: quantized activations lose less; weights that
// have no outliers gain nothing.
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "graph/rewrite.h"
#include "quant/rotation/residual_stream.h"
#include "quant/rotation/rotated_source.h"
#include "quant/sources.h"
#include "quant/transform.h"
#include "quant/transforms/fold.h"

namespace kerf::quant {
namespace {

using graph::Graph;
using graph::ValueId;

constexpr std::uint64_t kStreamSeed = 1, kHeadSeed = 2;

class Rotator {
 public:
  explicit Rotator(const Graph& graph)
      : graph_(graph),
        plan_(sweep::make_plan(graph)),
        stream_(find_residual_stream(graph)),
        q_(std::make_shared<const Rotation>(stream_.width, kStreamSeed)) {}

  Rewritten run() {
    for (const graph::Node& node : graph_.nodes()) rotate_heads(node);
    untie_head();
    rotate_stream();
    flatten_norms();
    Rewritten result;
    result.graph = graph::copy_with(graph_, replacements_);
    result.untied_head = !stream_.tied.empty();
    result.notes.push_back(fmt::format("rotate: the residual stream of {} channels and the values of {} attentions{}",
                                       stream_.width, rotated_attentions_, untied_note()));
    return result;
  }

 private:
  const graph::SourcePtr& source(ValueId weight) const {
    const auto found = replacements_.sources.find(weight);
    return found != replacements_.sources.end() ? found->second : graph_.value(weight).weight.source;
  }

  std::string untied_note() const {
    std::int64_t values = 0;
    for (const auto& [node, input] : stream_.tied) {
      values += numel(source(graph_.node(node).inputs[input])->shape());
    }
    return values == 0 ? "" : fmt::format("; the head is no longer the embedding: {} more values are stored", values);
  }

  /// The scale of a norm, for the matrix behind it.
  std::vector<float> factors(const std::optional<NormScale>& norm) const {
    if (!norm) return {};
    const Tensor scale = graph_.value(norm->parameter).weight.source->read();
    std::vector<float> result(scale.values<float>().begin(), scale.values<float>().end());
    for (float& value : result) value += norm->offset;
    return result;
  }

  void rotate_columns(ValueId weight, const std::shared_ptr<const Rotation>& q, std::vector<float> factors) {
    replacements_.sources[weight] = make_column_rotated_source(source(weight), q, std::move(factors));
  }
  void rotate_rows(ValueId weight, const std::shared_ptr<const Rotation>& q, std::int64_t first, std::int64_t blocks) {
    replacements_.sources[weight] = make_row_rotated_source(source(weight), q, first, blocks, cache_);
  }

  /// Attention is linear in its values: what each head's are multiplied by comes out again, and its transpose is folded
  /// into the output projection. Left alone where something else looks at either.
  void rotate_heads(const graph::Node& node) {
    if (node.domain != graph::kKerfDomain || node.op != "Attention") return;
    const auto readers = graph_.consumers(node.outputs[0]);
    if (readers.size() != 1) return;
    const graph::Node& output = graph_.node(readers.front());
    if (output.domain != graph::kKerfDomain || output.op != "Linear" || plan_.site_of(output.inputs[1]) < 0) return;
    const ValueId weight = output.inputs[1];
    if (graph_.consumers(weight).size() != 1) return;
    const std::int64_t channels = source(weight)->row_size();
    const auto fold = find_value_fold(graph_, plan_, node, channels);
    if (!fold) return;
    const std::int64_t heads = node.attributes.int_or("num_heads", 0);
    const std::int64_t kv_heads = node.attributes.int_or("kv_num_heads", heads);
    const auto q = std::make_shared<const Rotation>(channels / heads, kHeadSeed);
    for (const ValueId parameter : fold->parameters) rotate_rows(parameter, q, fold->channels.front(), kv_heads);
    rotate_columns(weight, q, {});
    ++rotated_attentions_;
  }

  void untie_head() {
    for (const auto& place : stream_.tied) {
      graph::Weight head = graph_.value(graph_.node(place.first).inputs[place.second]).weight;
      head.name = "lm_head.weight";
      head.role = graph::Role::kHead;
      head.source = make_column_rotated_source(head.source, q_, factors(stream_.tied_norms.at(place)));
      replacements_.own_inputs[place] = std::move(head);
    }
  }

  void rotate_stream() {
    for (const ValueId table : stream_.lookups) rotate_columns(table, q_, {});
    for (const auto& [weight, norm] : stream_.readers) rotate_columns(weight, q_, factors(norm));
    for (const ValueId weight : stream_.writers) rotate_rows(weight, q_, 0, 1);
  }

  /// Norms whose scale has moved on are left with ones.
  void flatten_norms() {
    for (const NormScale& norm : stream_.norms) {
      const graph::SourcePtr& old = graph_.value(norm.parameter).weight.source;
      Tensor ones(DType::kF32, old->shape());
      for (std::int64_t i = 0; i < ones.size(); ++i) ones.data<float>()[i] = 1.0F - norm.offset;
      replacements_.sources[norm.parameter] = make_rounded_source(
          graph::make_memory_source(std::move(ones), old->label()), codec::written_dtype(old->dtype()));
    }
  }

  const Graph& graph_;
  sweep::Plan plan_;
  ResidualStream stream_;
  std::shared_ptr<const Rotation> q_;
  std::shared_ptr<RotatedBlocks> cache_ = make_rotated_blocks();
  graph::Replacements replacements_;
  int rotated_attentions_ = 0;
};

Rewritten rewrite(const Graph& graph) { return Rotator(graph).run(); }

}  // namespace

extern const TransformInfo rotate_transform;
const TransformInfo rotate_transform{
    .name = "rotate",
    .summary = "Hadamard rotations of the residual stream and of each head's values, folded into the weights",
    .source = "Ashkboos et al. 2024, arXiv:2404.00456, section 4",
    .rewrite = rewrite,
};

}  // namespace kerf::quant
