#pragma once

#include <string>

#include "models/encoder.h"

namespace kerf::models {

/// A layer norm with a scale and a bias.
Norm layer_norm(std::string name, double epsilon);

/// BERT's sizes, embedding and layers, whose names its descendants kept; without heads.
EncoderSpec describe_bert(const JsonCursor& config);

}  // namespace kerf::models
