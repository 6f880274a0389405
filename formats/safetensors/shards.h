#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/output.h"
#include "formats/safetensors/writer.h"

namespace kerf::formats::safetensors {

inline constexpr std::string_view kSingleFile = "model.safetensors";
inline constexpr std::string_view kIndexFile = "model.safetensors.index.json";
/// 5 GB of data, the size that Hugging Face's tools split models at.
inline constexpr std::uint64_t kDefaultShardBytes = 5'000'000'000;

struct Shard {
  std::string file;  ///< "model.safetensors", or "model-00001-of-00003.safetensors"
  std::vector<TensorPlan> tensors;
};

/// How a model's tensors are spread over files.
struct ShardPlan {
  std::vector<Shard> shards;
  std::string index;  ///< content of model.safetensors.index.json; empty if there is one file
  Metadata metadata;  ///< of every file

  /// Exact size of all files, the index included.
  std::uint64_t bytes() const;
};

/// Fills shards in the given order; a new one starts when the next tensor would take the data beyond `max_shard_bytes`
/// (a larger tensor has a shard of its own).
ShardPlan plan_shards(std::vector<TensorPlan> tensors, std::uint64_t max_shard_bytes = kDefaultShardBytes,
                      Metadata metadata = kPyTorchMetadata);

/// Writes the files of a plan into a folder, tensor after tensor in the plan's order. The index comes last.
class ShardedWriter {
 public:
  /// `folder` must outlive this.
  ShardedWriter(OutputFolder& folder, ShardPlan plan);
  ~ShardedWriter();

  /// As Writer::append().
  void append(std::string_view name, std::span<const std::byte> bytes);
  /// Completes the last shard and writes the index. Error(kUsage) if a tensor is missing. The folder's commit() is the
  /// caller's.
  void finish();

 private:
  void open_shard();
  void close_shard();

  OutputFolder& folder_;
  ShardPlan plan_;
  std::size_t current_ = 0;
  std::unique_ptr<OutputFile> file_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace kerf::formats::safetensors
