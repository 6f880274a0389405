#pragma once

#include <string>
#include <vector>

#include "calibration/statistics.h"
#include "formats/gguf/importance.h"
#include "graph/graph.h"

namespace kerf::calibration {

/// What an importance file of llama.cpp holds of these statistics: sums of squared inputs under GGUF's names, the
/// experts of a layer in one entry. Embeddings and the head are left out, as llama.cpp leaves them out. Error(kInput)
/// if nothing is left.
formats::gguf::ImportanceFile to_importance(const graph::Graph& graph, const ModelStatistics& statistics);

/// The same the other way: statistics with nothing but sum_squares, of the weights that the file knows
/// (ModelStatistics::partial). Error(kInput) naming `path` and the entry whose size is not the weight's, or if no
/// weight of the model is in the file. `notes` gets what a user should know.
ModelStatistics from_importance(const graph::Graph& graph, const formats::gguf::ImportanceFile& file,
                                const std::string& path, std::vector<std::string>& notes);

}  // namespace kerf::calibration
