#pragma once

#include "formats/checkpoint.h"
#include "formats/safetensors/reader.h"

namespace kerf::formats {

/// A model that also sees is a language model with other parts beside it: config.json then has the language model's
/// configuration under text_config, and its tensors have a prefix. For the kinds that text_part.cpp lists, makes
/// checkpoint.config that of the language model alone, renames its tensors to those of one, and leaves the others aside
/// with a note. Does nothing for any other model.
void take_text_part(Checkpoint& checkpoint, safetensors::StoredTensors& tensors);

}  // namespace kerf::formats
