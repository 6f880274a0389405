#include "quant/pruner.h"

namespace kerf::quant {

extern const PrunerInfo heads_pruner;
const PrunerInfo heads_pruner{
    .name = "heads",
    .summary =
        "a share of each attention's key-value heads disappears with its queries, the output projection makes up",
    .source = "Kurtic et al. 2023, arXiv:2302.04089, section 3.1",
    .observers = {"outer_product"},
    .prepare = nullptr,
    .prune = nullptr,
    .consumer = graph::Role::kAttentionOutput,
};

}  // namespace kerf::quant
