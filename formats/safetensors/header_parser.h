#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "formats/safetensors/header.h"

namespace kerf::formats::safetensors {

/// The inverse of format_dtype_name(); nullopt if kerf has no such dtype.
std::optional<DType> parse_format_dtype(std::string_view name);

/// The header's JSON alone: every entry is well formed and its byte range has the size that dtype and shape ask for.
/// Offsets are those of the JSON, relative to the start of the data; parse_header() compares them with the file.
///
/// Values go straight into entries, without a document in between: a hostile header of the permitted 100 MB would make
/// gigabytes of one.
Header parse_header_json(std::string_view json, const std::string& file);

}  // namespace kerf::formats::safetensors
