#pragma once

#include <string>

#include "formats/gguf/importance.h"

namespace kerf::formats::gguf {

/// The form that importance files had before GGUF's, little-endian without a magic number: i32 entries; of each i32
/// length of the name, the name, i32 chunks, i32 values, f32 values: mean squares times chunks; then, if the file goes
/// on, i32 chunks, i32 length of a dataset's name, the name.
bool is_legacy_importance_file(const std::string& path);
ImportanceFile read_legacy_importance_file(const std::string& path);

}  // namespace kerf::formats::gguf
