#include "formats/gguf/importance.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/output.h"
#include "core/strings.h"
#include "formats/gguf/container.h"
#include "formats/gguf/container_writer.h"
#include "formats/gguf/ggml_types.h"
#include "formats/gguf/importance_legacy.h"

namespace kerf::formats::gguf {
namespace {

constexpr std::string_view kSums = ".in_sum2", kCounts = ".counts";
constexpr std::string_view kDatasets = "imatrix.datasets", kChunks = "imatrix.chunk_count",
                           kChunkSize = "imatrix.chunk_size", kType = "general.type", kTypeName = "imatrix";

std::vector<float> read_floats(const InputFile& file, const std::string& path, const TensorInfo& info) {
  const GgmlType* type = find_ggml_type(info.type);
  if (type == nullptr || type->dtype != DType::kF32) {
    throw_input(path, quoted(info.name), fmt::format("found {}, expected f32", ggml_type_label(info.type)));
  }
  std::vector<float> values(static_cast<std::size_t>(info.bytes / sizeof(float)));
  file.read(info.offset, std::as_writable_bytes(std::span(values)));
  const auto bad = std::find_if(values.begin(), values.end(), [](float v) { return !(v >= 0) || !std::isfinite(v); });
  if (bad != values.end()) {
    throw_input(path, quoted(info.name),
                fmt::format("value {} is {}, expected a sum of squares or a count", bad - values.begin(), *bad));
  }
  return values;
}

/// A whole number of tokens that a file keeps as a float.
std::vector<std::int64_t> whole_numbers(const std::vector<float>& values) {
  constexpr float kMost = 1e15F;
  std::vector<std::int64_t> counts;
  for (const float value : values) counts.push_back(std::llround(static_cast<double>(std::min(value, kMost))));
  return counts;
}

/// Sums and counts of one tensor.
struct Pair {
  const TensorInfo *sums = nullptr, *counts = nullptr;
};

std::map<std::string, Pair> find_pairs(const Container& container, const std::string& path) {
  std::map<std::string, Pair> pairs;
  for (const TensorInfo& info : container.tensors) {
    if (ends_with(info.name, kSums)) {
      pairs[info.name.substr(0, info.name.size() - kSums.size())].sums = &info;
    } else if (ends_with(info.name, kCounts)) {
      pairs[info.name.substr(0, info.name.size() - kCounts.size())].counts = &info;
    } else {
      throw_input(path, quoted(info.name), "is no part of an importance file (NAME.in_sum2 and NAME.counts)");
    }
  }
  return pairs;
}

std::int64_t count_or_zero(const Metadata& metadata, std::string_view key, const std::string& path) {
  const Value* value = metadata.find(key);
  if (value == nullptr) return 0;
  if (const auto* count = std::get_if<std::uint32_t>(value)) return *count;
  throw_input(path, quoted(key), fmt::format("found {}, expected u32", value_type_name(type_of(*value))));
}

std::vector<std::string> read_datasets(const Metadata& metadata, const std::string& path) {
  const Value* value = metadata.find(kDatasets);
  if (value == nullptr) return {};
  const auto* array = std::get_if<Array>(value);
  const auto* names = array == nullptr ? nullptr : std::get_if<std::vector<std::string>>(&array->items);
  if (names == nullptr) throw_input(path, quoted(kDatasets), "found something else, expected an array of strings");
  return *names;
}

ImportanceFile read_gguf_form(const std::string& path) {
  const auto file = InputFile::open(path);
  const Container container = read_container(*file);
  const Value* type = container.metadata.find(kType);
  if (type == nullptr || *type != Value(std::string(kTypeName))) {
    throw_input(path, quoted(kType), "is not 'imatrix': the file is no importance file of llama.cpp");
  }
  ImportanceFile result;
  result.datasets = read_datasets(container.metadata, path);
  result.chunks = count_or_zero(container.metadata, kChunks, path);
  result.chunk_size = count_or_zero(container.metadata, kChunkSize, path);
  for (const auto& [name, pair] : find_pairs(container, path)) {
    if (pair.sums == nullptr || pair.counts == nullptr) {
      throw_input(path, quoted(name + std::string(pair.sums == nullptr ? kSums : kCounts)), "is missing");
    }
    ImportanceEntry entry{name, read_floats(*file, path, *pair.sums),
                          whole_numbers(read_floats(*file, path, *pair.counts))};
    if (entry.counts.empty() || entry.sums.size() % entry.counts.size() != 0) {
      throw_input(path, quoted(pair.sums->name),
                  fmt::format("{} sums cannot be divided among {} counts", entry.sums.size(), entry.counts.size()));
    }
    result.entries.push_back(std::move(entry));
  }
  if (result.entries.empty()) throw_input(path, "", "holds nothing about any tensor");
  return result;
}

bool has_gguf_magic(const std::string& path) {
  const auto file = InputFile::open(path);
  std::array<char, 4> start{};
  if (file->size() < start.size()) return false;
  file->read(0, std::as_writable_bytes(std::span(start)));
  return std::string_view(start.data(), start.size()) == "GGUF";
}

}  // namespace

bool is_importance_file(const std::string& path) {
  return is_regular_file(path) && (has_gguf_magic(path) || is_legacy_importance_file(path));
}

ImportanceFile read_importance_file(const std::string& path) {
  return has_gguf_magic(path) ? read_gguf_form(path) : read_legacy_importance_file(path);
}

void write_importance_file(const std::string& path, const ImportanceFile& file) {
  std::map<std::string, const ImportanceEntry*> by_name;
  for (const ImportanceEntry& entry : file.entries) by_name.emplace(entry.name, &entry);
  Metadata metadata;
  metadata.append(std::string(kType), std::string(kTypeName));
  metadata.append(std::string(kDatasets), Array{file.datasets});
  metadata.append(std::string(kChunks), static_cast<std::uint32_t>(file.chunks));
  metadata.append(std::string(kChunkSize), static_cast<std::uint32_t>(file.chunk_size));
  const std::uint32_t f32 = find_ggml_type(DType::kF32)->id;
  std::vector<TensorInfo> infos;
  for (const auto& [name, entry] : by_name) {
    const auto matrices = static_cast<std::int64_t>(entry->counts.size());
    const auto cols = static_cast<std::int64_t>(entry->sums.size()) / matrices;
    infos.push_back({name + std::string(kSums), {matrices, cols}, f32});
    infos.push_back({name + std::string(kCounts), {matrices, 1}, f32});
  }
  const FileLayout layout = lay_out(metadata, infos);
  OutputFile output(path);
  ContainerWriter writer(layout, output);
  for (const auto& [name, entry] : by_name) {
    const std::vector<float> counts(entry->counts.begin(), entry->counts.end());
    for (const std::vector<float>* values : {&entry->sums, &counts}) {
      writer.write(std::as_bytes(std::span(*values)));
      writer.finish_tensor();
    }
  }
  writer.finish();
  output.commit();
}

namespace {

struct RoleName {
  graph::Role role;
  std::string_view name;
  bool of_experts;  ///< there is one for each expert too
};

/// llama.cpp, gguf-py/gguf/constants.py: TENSOR_NAMES.
constexpr std::array kRoleNames = {
    RoleName{graph::Role::kQuery, "attn_q", false},
    RoleName{graph::Role::kKey, "attn_k", false},
    RoleName{graph::Role::kValue, "attn_v", false},
    RoleName{graph::Role::kQkv, "attn_qkv", false},
    RoleName{graph::Role::kAttentionOutput, "attn_output", false},
    RoleName{graph::Role::kGate, "ffn_gate", true},
    RoleName{graph::Role::kUp, "ffn_up", true},
    RoleName{graph::Role::kGateUp, "ffn_up", true},
    RoleName{graph::Role::kDown, "ffn_down", true},
    RoleName{graph::Role::kRouter, "ffn_gate_inp", false},
};

}  // namespace

std::optional<ImportancePlace> importance_place(const graph::Weight& weight, bool beside_experts) {
  if (weight.role == graph::Role::kHead) return ImportancePlace{"output.weight"};
  const auto* found = std::find_if(kRoleNames.begin(), kRoleNames.end(),
                                   [&](const RoleName& entry) { return entry.role == weight.role; });
  if (found == kRoleNames.end() || weight.layer < 0) return std::nullopt;
  const std::string_view among = weight.expert >= 0 ? "_exps" : found->of_experts && beside_experts ? "_shexp" : "";
  return ImportancePlace{fmt::format("blk.{}.{}{}.weight", weight.layer, found->name, among),
                         std::max(weight.expert, 0)};
}

}  // namespace kerf::formats::gguf
