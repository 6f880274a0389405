#include "quant/pruner.h"

namespace kerf::quant {

extern const PrunerInfo neurons_pruner;
const PrunerInfo neurons_pruner{
    .name = "neurons",
    .summary =
        "a share of each feed-forward's neurons disappears: smaller matrices, the down projection makes up for it",
    .source = "Kurtic et al. 2023, arXiv:2302.04089, section 3.1",
    .observers = {"outer_product"},
    .prepare = nullptr,
    .prune = nullptr,
    .consumer = graph::Role::kDown,
};

}  // namespace kerf::quant
