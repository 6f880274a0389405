#include "formats/safetensors/shards.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/json.h"
#include "core/strings.h"

namespace kerf::formats::safetensors {
namespace {

std::uint64_t total_bytes(std::span<const TensorPlan> tensors) {
  std::uint64_t total = 0;
  for (const TensorPlan& tensor : tensors) total += tensor.bytes();
  return total;
}

std::string make_index(std::span<const Shard> shards) {
  std::uint64_t total = 0;
  std::map<std::string, std::string> files;
  for (const Shard& shard : shards) {
    total += total_bytes(shard.tensors);
    for (const TensorPlan& tensor : shard.tensors) {
      if (!files.emplace(tensor.name, shard.file).second) {
        throw_usage(fmt::format("tensor {} would be written twice", quoted(tensor.name)));
      }
    }
  }
  Json metadata = Json::object();
  metadata.set("total_size", Json(total));
  Json weight_map = Json::object();
  for (const auto& [name, file] : files) weight_map.set(name, Json(file));
  Json index = Json::object();
  index.set("metadata", std::move(metadata));
  index.set("weight_map", std::move(weight_map));
  return index.dump(2) + "\n";
}

std::vector<Shard> split(std::vector<TensorPlan> tensors, std::uint64_t max_shard_bytes) {
  std::vector<Shard> shards(1);
  std::uint64_t used = 0;
  for (TensorPlan& tensor : tensors) {
    const std::uint64_t bytes = tensor.bytes();
    if (!shards.back().tensors.empty() && bytes > max_shard_bytes - std::min(used, max_shard_bytes)) {
      shards.emplace_back();
      used = 0;
    }
    used += bytes;
    shards.back().tensors.push_back(std::move(tensor));
  }
  return shards;
}

}  // namespace

std::uint64_t ShardPlan::bytes() const {
  std::uint64_t total = index.size();
  for (const Shard& shard : shards) total += plan_bytes(shard.tensors, metadata);
  return total;
}

ShardPlan plan_shards(std::vector<TensorPlan> tensors, std::uint64_t max_shard_bytes, Metadata metadata) {
  ShardPlan plan{split(std::move(tensors), max_shard_bytes), "", std::move(metadata)};
  if (plan.shards.size() == 1) {
    plan.shards.front().file = kSingleFile;
    return plan;
  }
  for (std::size_t i = 0; i < plan.shards.size(); ++i) {
    plan.shards[i].file = fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, plan.shards.size());
  }
  plan.index = make_index(plan.shards);
  return plan;
}

ShardedWriter::ShardedWriter(OutputFolder& folder, ShardPlan plan) : folder_(folder), plan_(std::move(plan)) {
  open_shard();
}

ShardedWriter::~ShardedWriter() = default;

void ShardedWriter::append(std::string_view name, std::span<const std::byte> bytes) {
  while (writer_->complete() && current_ + 1 < plan_.shards.size() && !bytes.empty()) {
    close_shard();
    ++current_;
    open_shard();
  }
  writer_->append(name, bytes);
}

void ShardedWriter::finish() {
  close_shard();
  for (++current_; current_ < plan_.shards.size(); ++current_) {  // Shards of empty tensors only.
    open_shard();
    close_shard();
  }
  if (plan_.index.empty()) return;
  const auto index = folder_.create(kIndexFile);
  index->write(plan_.index);
  index->commit();
}

void ShardedWriter::open_shard() {
  const Shard& shard = plan_.shards[current_];
  file_ = folder_.create(shard.file);
  writer_ = std::make_unique<Writer>(*file_, shard.tensors, plan_.metadata);
}

void ShardedWriter::close_shard() {
  writer_->finish();
  file_->commit();
}

}  // namespace kerf::formats::safetensors
