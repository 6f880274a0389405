#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace kerf::formats::gguf {

/// What llama.cpp's importance files say of one tensor (llama.cpp, tools/imatrix).
struct ImportanceEntry {
  std::string name;                  ///< the tensor's, as GGUF files call it: "blk.0.attn_q.weight"
  std::vector<float> sums;           ///< [matrices, columns] sums over tokens of the squared inputs
  std::vector<std::int64_t> counts;  ///< tokens; of each matrix (expert), or one for all
};

/// A whole importance file, "imatrix".
struct ImportanceFile {
  std::vector<ImportanceEntry> entries;
  std::vector<std::string> datasets;  ///< names of the texts
  std::int64_t chunks = 0;            ///< pieces of text that the model has seen
  std::int64_t chunk_size = 0;        ///< tokens in each; 0: the file does not say (the older form)
};

/// Does the file look like one, in GGUF's form or the older one (and not like text)? A GGUF file that holds a model
/// does too; reading says so.
bool is_importance_file(const std::string& path);
/// Reads either form. Error(kInput) naming file and tensor or offset: entries that are not pairs of sums and counts,
/// or appear twice, numbers that are negative or not finite. In the older form sums are those of chunks of
/// kLegacyChunk tokens, since it has means only.
ImportanceFile read_importance_file(const std::string& path);
inline constexpr std::int64_t kLegacyChunk = 512;
/// Writes GGUF's form, entries by name.
void write_importance_file(const std::string& path, const ImportanceFile& file);

/// Where a weight's inputs stand in importance files.
struct ImportancePlace {
  std::string name;
  std::int64_t matrix = 0;  ///< of an expert: which of the tensor's
};
/// nullopt for weights that GGUF has no name for. `beside_experts`: its layer has experts too.
std::optional<ImportancePlace> importance_place(const graph::Weight& weight, bool beside_experts);

}  // namespace kerf::formats::gguf
