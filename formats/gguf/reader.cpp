#include "formats/gguf/reader.h"

#include <array>
#include <map>
#include <span>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "formats/container.h"
#include "formats/gguf/architecture.h"
#include "formats/gguf/config.h"
#include "formats/gguf/ggml_types.h"
#include "formats/gguf/rope.h"
#include "formats/gguf/tensor_source.h"
#include "formats/gguf/tokenizer.h"

namespace kerf::formats::gguf {
namespace {

/// More than any head has dimensions.
constexpr std::size_t kMaxRopeFactors = 65536;

const Architecture& architecture_of(const MetadataReader& metadata) {
  constexpr std::string_view kKey = "general.architecture";
  const auto name = metadata.text(kKey);
  if (!name) metadata.fail(kKey, "found no such key");
  const Architecture* architecture = find_architecture(*name);
  if (architecture != nullptr) return *architecture;
  std::vector<std::string> known;
  for (const Architecture* one : architectures()) known.emplace_back(one->name);
  metadata.fail(kKey, unknown_name("architecture", *name, known));
}

void refuse_split(const MetadataReader& metadata) {
  constexpr std::string_view kKey = "split.count";
  const auto parts = metadata.integer(kKey);
  if (parts.value_or(1) > 1)
    metadata.fail(kKey, fmt::format("found part of a file split into {}, expected a whole file", *parts));
}

std::optional<std::vector<float>> read_rope_factors(const std::shared_ptr<const InputFile>& file,
                                                    const Container& container, std::int64_t head_dim) {
  for (const TensorInfo& info : container.tensors) {
    if (info.name != kRopeFactorsName) continue;
    const std::string place = fmt::format("tensor {}", quoted(info.name));
    if (info.shape != Shape{head_dim / 2} || static_cast<std::size_t>(head_dim) > kMaxRopeFactors) {
      throw_input(file->path(), place,
                  fmt::format("found the shape {}, expected [{}]", to_string(info.shape), head_dim / 2));
    }
    const Tensor values = make_gguf_source(file, info)->read();
    for (const float value : values.values<float>()) {
      if (!(value > 0))
        throw_input(file->path(), place, fmt::format("found a factor of {}, expected positive ones", value));
    }
    return std::vector<float>(values.values<float>().begin(), values.values<float>().end());
  }
  return std::nullopt;
}

graph::SourcePtr in_checkpoint_order(graph::SourcePtr source, const TensorRule& rule, const TensorInfo& info,
                                     const HeadCounts& counts, const std::string& file) {
  if (rule.order != RowOrder::kSame) {
    const std::int64_t heads = rule.order == RowOrder::kInterleavedQuery ? counts.heads : counts.kv_heads;
    const std::int64_t rows = info.shape.empty() ? 1 : info.shape[0];
    if (rows % heads != 0 || rows / heads % 2 != 0) {
      throw_input(file, fmt::format("tensor {}", quoted(info.name)),
                  fmt::format("found {} rows, expected an even number for each of {} heads", rows, heads));
    }
    return graph::make_row_gather_source(std::move(source), inverse_rows(rotary_rows(rows, heads)));
  }
  if (rule.transposed) {
    if (info.shape.size() != 2) {
      throw_input(file, fmt::format("tensor {}", quoted(info.name)),
                  fmt::format("found the shape {}, expected a matrix", to_string(info.shape)));
    }
    return graph::make_transposed_source(std::move(source));
  }
  return source;
}

void note_unreadable(const Container& container, std::vector<std::string>& notes) {
  std::map<std::string, int> counts;
  for (const TensorInfo& info : container.tensors) {
    if (!is_readable(info.type)) ++counts[ggml_type_label(info.type)];
  }
  for (const auto& [type, count] : counts) {
    notes.push_back(fmt::format("{} of type {}, which this build lists but cannot read",
                                count == 1 ? "1 tensor is" : fmt::format("{} tensors are", count), type));
  }
}

}  // namespace

Checkpoint open_gguf(const std::string& path, const OpenOptions& /*options*/) {
  const auto file = InputFile::open(path);
  const Container container = read_container(*file);
  const MetadataReader metadata(container.metadata, path);
  refuse_split(metadata);
  const Architecture& architecture = architecture_of(metadata);
  const HeadCounts counts = read_head_counts(metadata, architecture);
  const auto factors = read_rope_factors(file, container, counts.head_dim);

  Checkpoint checkpoint;
  checkpoint.path = path;
  checkpoint.format = "gguf";
  checkpoint.config = read_config(metadata, architecture, container, factors);
  checkpoint.config_file = path;
  checkpoint.tensor_files = {path};
  for (const TensorInfo& info : container.tensors) {
    if (info.name == kRopeFactorsName) continue;
    graph::SourcePtr source = make_gguf_source(file, info);
    std::string name = info.name;
    if (const auto match = match_gguf(architecture, info.name)) {
      name = expand(match->rule->hugging_face, match->layer);
      source = in_checkpoint_order(std::move(source), *match->rule, info, counts, path);
    }
    if (!checkpoint.tensors.emplace(name, std::move(source)).second) {
      throw_input(path, fmt::format("tensor {}", quoted(info.name)),
                  fmt::format("found a second tensor for {}", quoted(name)));
    }
  }
  checkpoint.tokenizer = read_tokenizer(metadata, checkpoint.notes);
  note_unreadable(container, checkpoint.notes);
  return checkpoint;
}

}  // namespace kerf::formats::gguf

namespace kerf::formats {

const ContainerInfo& gguf_container() {
  static const ContainerInfo container{"gguf", "a .gguf file",
                                       [](const std::string& path) {
                                         if (!is_regular_file(path)) return false;
                                         if (ends_with(to_lower_ascii(file_name(path)), ".gguf")) return true;
                                         try {
                                           const auto file = InputFile::open(path);
                                           std::array<char, 4> magic{};
                                           if (file->size() < magic.size()) return false;
                                           file->read(0, std::as_writable_bytes(std::span(magic)));
                                           return std::string_view(magic.data(), magic.size()) == "GGUF";
                                         } catch (const Error&) {
                                           return false;
                                         }
                                       },
                                       gguf::open_gguf};
  return container;
}

}  // namespace kerf::formats
