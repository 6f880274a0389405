#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "models/builder.h"

namespace kerf::models {

/// Names of activation functions that config.json may hold.
std::vector<std::string> activation_names();
/// The name that `value` (the key hidden_act or its like) holds; Error(kInput) if kerf does not know it.
std::string read_activation(const JsonCursor& value);
/// Emits the nodes of a known activation; `name` begins the names of the nodes.
graph::ValueId emit_activation(Builder& builder, const std::string& activation, const std::string& name,
                               graph::ValueId x);

}  // namespace kerf::models
