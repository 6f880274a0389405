#pragma once

#include <cstdint>
#include <string>

#include "formats/onnx/export/exporter.h"

namespace kerf::formats::onnx {

/// Which keys a query sees.
struct VisibleKeys {
  std::string mask;           ///< [batch, keys] i64, 0: nobody sees it; empty: all are seen
  std::string queries, keys;  ///< values of [batch, length, ...], for their lengths
  bool same_length = true;    ///< as many queries as keys, whatever the model is given
  bool causal = false;
  std::int64_t window = 0;     ///< keys that a query sees, itself included; 0: all
  std::int64_t head_axes = 1;  ///< axes between batch and queries
};

/// Truths [batch or 1, 1..., queries or 1, keys], shared by all layers that see the same; empty: all keys are seen.
std::string visible_keys(Exporter& exporter, const VisibleKeys& visible);

/// Places of the keys among those that `mask` lets through, as f32, 0 for the others: [batch or 1, keys].
std::string key_positions(Exporter& exporter, const std::string& mask, const std::string& keys);

}  // namespace kerf::formats::onnx
