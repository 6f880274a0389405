#include "api/open_model.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "ops/op.h"

namespace kerf::api {
namespace {

constexpr std::uint64_t kLargestTokenizer = std::uint64_t{256} << 20;

models::ModelGraph build(const formats::Checkpoint& checkpoint) {
  return models::build_model(JsonCursor(checkpoint.config, checkpoint.config_file), checkpoint.tensors);
}

}  // namespace

OpenModel::OpenModel(const std::string& path)
    : checkpoint_(formats::open_checkpoint(path)), built_(build(checkpoint_)), walker_(built_.graph) {
  notes_ = checkpoint_.notes;
  notes_.insert(notes_.end(), built_.notes.begin(), built_.notes.end());
  check_shapes(1);
}

std::uint64_t OpenModel::parameters() const {
  std::uint64_t total = 0;
  for (const graph::ValueId id : graph().weights()) {
    total += static_cast<std::uint64_t>(numel(graph().value(id).weight.source->shape()));
  }
  return total;
}

std::uint64_t OpenModel::tensor_bytes() const {
  std::uint64_t total = 0;
  for (const graph::ValueId id : graph().weights()) total += graph().value(id).weight.source->stored_bytes();
  return total;
}

bool OpenModel::quantized() const {
  const auto weights = graph().weights();
  return std::any_of(weights.begin(), weights.end(),
                     [&](graph::ValueId id) { return graph().value(id).weight.source->scheme().has_value(); });
}

void OpenModel::check_shapes(std::int64_t length) const {
  std::vector<ops::TensorSpec> inputs;
  for (const graph::ValueId id : graph().inputs()) inputs.push_back({graph().value(id).dtype, {1, length}});
  try {
    ops::infer_specs(graph(), inputs);
  } catch (const Error& error) {
    throw_input(path(), error.place(), error.message());
  }
}

namespace {

/// Json of a file if it is there, null otherwise.
Json optional_json(const std::string& path) {
  return is_regular_file(path) ? Json::parse(read_file(path, kLargestTokenizer), path) : Json();
}

description::Tokenizer read_tokenizer_files(const std::string& folder) {
  description::Tokenizer parts;
  parts.source_file = join_path(folder, "tokenizer.json");
  parts.tokenizer_json = Json::parse(read_file(parts.source_file, kLargestTokenizer), parts.source_file);
  parts.tokenizer_config = optional_json(join_path(folder, "tokenizer_config.json"));
  return parts;
}

}  // namespace

std::shared_ptr<const text::Tokenizer> open_tokenizer(const formats::Checkpoint& checkpoint, const std::string& path) {
  auto tokenizer = find_tokenizer(checkpoint, path);
  if (tokenizer == nullptr) {
    throw_input(checkpoint.path, "",
                "has no tokenizer.json; name one with --tokenizer, or give token ids with --tokens");
  }
  return tokenizer;
}

std::shared_ptr<const text::Tokenizer> find_tokenizer(const formats::Checkpoint& checkpoint, const std::string& path) {
  if (!path.empty()) return open_tokenizer(path);
  return checkpoint.tokenizer.tokenizer_json.is_null() ? nullptr : text::Tokenizer::make(checkpoint.tokenizer);
}

std::shared_ptr<const text::Tokenizer> open_tokenizer(const std::string& path) {
  if (is_directory(path)) {
    if (is_regular_file(join_path(path, "tokenizer.json"))) return text::Tokenizer::make(read_tokenizer_files(path));
    throw_input(path, "", "has no tokenizer.json");
  }
  if (ends_with(path, ".json")) {
    description::Tokenizer parts = {Json(), Json(), path};
    parts.tokenizer_json = Json::parse(read_file(path, kLargestTokenizer), path);
    parts.tokenizer_config = optional_json(join_path(parent_path(path), "tokenizer_config.json"));
    return text::Tokenizer::make(parts);
  }
  const auto checkpoint = formats::open_checkpoint(path);
  return open_tokenizer(checkpoint, "");
}

}  // namespace kerf::api
