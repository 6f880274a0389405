#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "models/builder.h"

namespace kerf::models {

/// A value and the size of its last axis.
struct Hidden {
  graph::ValueId value = graph::kNoValue;
  std::int64_t width = 0;
};

/// The matrices of an attention.
struct Projections {
  Linear query{}, key{}, value{}, output{};
};

/// What an attention adds to its scores by the distance of query and key; RelativePositionBias.
struct RelativeBias {
  std::string table;  ///< name of the tensor [buckets, heads], without ".weight"; empty: none
  std::int64_t buckets = 0, max_distance = 0;
  bool bidirectional = false;
  graph::ValueId ids = graph::kNoValue;  ///< of the queries, which are the keys
};

/// How an attention mixes what it reads.
struct Mixing {
  std::int64_t heads = 0, head_dim = 0;
  std::optional<double> scale{};  ///< of the products; default 1 / sqrt(head_dim)
  bool causal = false;
  graph::ValueId mask = graph::kNoValue;  ///< of the keys
  RelativeBias relative{};
  std::string name = "attention";  ///< begins the names of the nodes
};

/// output(attention(query(queries), key(keys), value(values))), of size `width`.
Hidden emit_attention(Builder& builder, const Projections& projections, const Mixing& mixing, Hidden queries,
                      Hidden keys, Hidden values, std::int64_t width);

/// down(activation(gate x) * up x), or down(activation(up x)) where there is no gate.
struct Mlp {
  Linear gate{}, up{}, down{};
};

/// Of the size of x, and `inner` between up and down.
Hidden emit_mlp(Builder& builder, const Mlp& mlp, const std::string& activation, Hidden x, std::int64_t inner);

/// norm(x + change), the sum of a layer's stream and what a part of the layer makes of it.
Hidden emit_residual(Builder& builder, std::string_view what, Hidden x, Hidden change, const Norm& norm = {});

}  // namespace kerf::models
