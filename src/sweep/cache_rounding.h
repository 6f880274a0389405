#pragma once

#include "codec/scheme.h"
#include "description/description.h"
#include "sweep/overlay.h"

namespace kerf::sweep {

/// Rounds the keys (after their rotation) and values that the attention of `graph` reads, as a runtime does that keeps
/// its key-value cache in `scheme`: each token's part of each key-value head by itself, groups along the head's
/// dimension. Of an encoder with a decoder: what the decoder's attention reads. Error(kUsage) if the model keeps no
/// cache (an encoder), or as make_scheme_quantizer().
void round_cache(const graph::Graph& graph, const description::Model& model, const codec::Scheme& scheme,
                 Overlay& overlay);

}  // namespace kerf::sweep
