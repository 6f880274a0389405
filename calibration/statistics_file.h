#pragma once

#include <string>

#include "calibration/statistics.h"

namespace kerf::calibration {

/// Saved statistics: a safetensors file with one tensor "GROUP::OBSERVER" per group and observer, and metadata that
/// names the weights of each group, the tokens and windows seen and the hash of the text. calibration/README.md has it.
void write_statistics(const std::string& path, const ModelStatistics& statistics);
/// Error(kInput) naming file and tensor if it is not such a file or does not agree with itself.
ModelStatistics read_statistics(const std::string& path);
/// Does the file look like saved statistics (and not like text)?
bool is_statistics_file(const std::string& path);
/// Adds up what two texts gave. Error(kInput) if they are not of the same model.
void merge_into(ModelStatistics& into, const ModelStatistics& other);

}  // namespace kerf::calibration
