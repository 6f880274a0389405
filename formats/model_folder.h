#pragma once

#include <optional>
#include <string>

namespace kerf::formats {

/// The directory with a model's files: that of a snapshot if `directory` is the cache folder of a model
/// ("models--org--name", which holds its revisions in snapshots/, and in refs/main the name of the current one).
std::string resolve_cache_folder(const std::string& directory);

/// For a directory without config.json: Error(kInput) saying what it holds instead, and what to open.
[[noreturn]] void refuse_without_config(const std::string& directory);

/// The ONNX model of a folder that has no other weights: model.onnx, or what optimum calls it, in the folder itself or
/// in onnx/, as on the Hub. nullopt if there is none.
std::optional<std::string> find_onnx_model(const std::string& directory);

}  // namespace kerf::formats
