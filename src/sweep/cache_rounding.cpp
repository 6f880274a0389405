#include "sweep/cache_rounding.h"

#include <fmt/format.h>

#include "core/error.h"

namespace kerf::sweep {
namespace {

/// Inputs of kerf.Attention.
constexpr std::size_t kKeys = 1, kValues = 2;

/// Is it an attention whose keys and values a runtime keeps while it writes?
bool reads_cache(const graph::Node& node, const description::Model& model) {
  if (node.domain != graph::kKerfDomain || node.op != "Attention") return false;
  const auto& h = model.hyperparameters;
  return model.task != description::Task::kSequenceToSequence || node.layer >= h.layers - h.decoder_layers;
}

}  // namespace

void round_cache(const graph::Graph& graph, const description::Model& model, const codec::Scheme& scheme,
                 Overlay& overlay) {
  if (!model.causal && model.task != description::Task::kSequenceToSequence) {
    throw_usage(fmt::format("the model is a {}, which keeps no key-value cache", task_name(model.task)));
  }
  const auto quantizer = codec::make_scheme_quantizer(scheme);
  for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
    const graph::Node& node = graph.nodes()[n];
    if (!reads_cache(node, model)) continue;
    const std::int64_t heads = node.attributes.int_or("num_heads", 1);
    const std::int64_t kv_heads = node.attributes.int_or("kv_num_heads", heads);
    for (const std::size_t input : {kKeys, kValues}) {
      overlay.set_rounding(static_cast<graph::NodeId>(n), {input, kv_heads, quantizer});
    }
  }
}

}  // namespace kerf::sweep
