#include "formats/gguf/reader.h"

#include <algorithm>
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
#include "formats/gguf/split.h"
#include "formats/gguf/tensor_source.h"
#include "formats/gguf/tokenizer.h"

namespace kerf::formats::gguf {
namespace {

/// More than any head has dimensions.
constexpr std::size_t kMaxRopeFactors = 65536;
/// More than any model has experts or heads.
constexpr std::int64_t kMaxParts = 4096;

const Architecture& architecture_of(const MetadataReader& metadata, const Container& container) {
  constexpr std::string_view kKey = "general.architecture";
  const auto name = metadata.text(kKey);
  if (!name) metadata.fail(kKey, "found no such key");
  if (const Architecture* architecture = find_architecture(*name, metadata, container)) return *architecture;
  std::vector<std::string> known;
  for (const Architecture* one : architectures()) known.emplace_back(one->name);
  metadata.fail(kKey, unknown_name("architecture", *name, known));
}

bool is_rope_tensor(std::string_view name) {
  return std::find(kRopeTensors.begin(), kRopeTensors.end(), name) != kRopeTensors.end();
}

std::vector<RopeFactors> read_rope_factors(const Parts& parts, std::int64_t rotated) {
  std::vector<RopeFactors> result;
  for (std::size_t i = 0; i < parts.holder.size(); ++i) {
    const TensorInfo& info = parts.container.tensors[i];
    const auto name = std::find(kRopeTensors.begin(), kRopeTensors.end(), info.name);
    if (name == kRopeTensors.end()) continue;
    const std::string place = fmt::format("tensor {}", quoted(info.name));
    const auto& file = parts.file_of(i);
    if (info.shape != Shape{rotated / 2} || static_cast<std::size_t>(rotated) > kMaxRopeFactors) {
      throw_input(file->path(), place,
                  fmt::format("found the shape {}, expected [{}]", to_string(info.shape), rotated / 2));
    }
    const Tensor values = make_gguf_source(file, info)->read();
    for (const float value : values.values<float>()) {
      if (!(value > 0))
        throw_input(file->path(), place, fmt::format("found a factor of {}, expected positive ones", value));
    }
    result.push_back({*name, {values.values<float>().begin(), values.values<float>().end()}});
  }
  return result;
}

/// Adds the tensors that the checkpoint would have for one of the file's.
class Presenter {
 public:
  Presenter(const Parts& parts, const Architecture& architecture, const HeadCounts& counts,
            const description::Hyperparameters& stacks, Checkpoint& checkpoint)
      : parts_(parts), architecture_(architecture), counts_(counts), stacks_(stacks), checkpoint_(checkpoint) {}

  void add(std::size_t index) {
    const TensorInfo& info = parts_.container.tensors[index];
    file_ = parts_.file_of(index);
    const auto match = match_gguf(architecture_, info.name, parts_.container);
    if (!match) return emplace(info, info.name, make_gguf_source(file_, info));
    if (is_stack(*match->rule)) return add_parts(info, *match);
    emplace(info, expand(match->rule->hugging_face, match->layer), in_checkpoint_order(info, *match->rule));
  }

 private:
  [[noreturn]] void fail(const TensorInfo& info, std::string message) const {
    throw_input(file_->path(), fmt::format("tensor {}", quoted(info.name)), std::move(message));
  }

  void emplace(const TensorInfo& info, std::string name, graph::SourcePtr source) {
    const auto [place, fresh] = checkpoint_.tensors.emplace(std::move(name), std::move(source));
    if (!fresh) fail(info, fmt::format("found a second tensor for {}", quoted(place->first)));
  }

  /// A stack [parts, ...] as the checkpoint's separate tensors.
  void add_parts(const TensorInfo& info, const TensorMatch& match) {
    const std::int64_t parts = stacks_.*match.rule->parts;
    if (info.shape.size() < 2 || info.shape[0] != parts || parts > kMaxParts) {
      fail(info, fmt::format("found the shape {}, expected a stack of {}, of at most {}", to_string(info.shape), parts,
                             kMaxParts));
    }
    TensorInfo part = info;
    part.shape.erase(part.shape.begin());
    part.bytes /= static_cast<std::uint64_t>(parts);
    for (std::int64_t i = 0; i < parts; ++i) {
      emplace(info, expand(match.rule->hugging_face, match.layer, i), make_gguf_source(file_, part));
      part.offset += part.bytes;
    }
  }

  graph::SourcePtr in_checkpoint_order(const TensorInfo& info, const TensorRule& rule) const {
    graph::SourcePtr source = make_gguf_source(file_, info);
    if (rule.values == Values::kPlusOne) return make_minus_one_source(std::move(source));
    if (rule.order != RowOrder::kSame) {
      const std::int64_t rows = info.shape.empty() ? 1 : info.shape[0];
      const auto order = ordered_rows(rule.order, rows, counts_.heads, counts_.kv_heads);
      if (!order) {
        fail(info, fmt::format("found {} rows, expected as many for each of {} heads", rows,
                               rule.order == RowOrder::kInterleavedKey ? counts_.kv_heads : counts_.heads));
      }
      return graph::make_row_gather_source(std::move(source), inverse_rows(*order));
    }
    if (rule.transposed) {
      if (info.shape.size() != 2) {
        fail(info, fmt::format("found the shape {}, expected a matrix", to_string(info.shape)));
      }
      return graph::make_transposed_source(std::move(source));
    }
    return source;
  }

  const Parts& parts_;
  std::shared_ptr<const InputFile> file_;  ///< of the tensor that is being added
  const Architecture& architecture_;
  const HeadCounts& counts_;
  const description::Hyperparameters& stacks_;
  Checkpoint& checkpoint_;
};

/// The hyperparameters that stacks are as high as.
description::Hyperparameters read_stacks(const MetadataReader& metadata, const Architecture& architecture,
                                         const HeadCounts& counts) {
  description::Hyperparameters h;
  h.heads = counts.heads;
  h.kv_heads = counts.kv_heads;
  h.experts = metadata.integer(fmt::format("{}.expert_count", architecture.name)).value_or(0);
  return h;
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
  const Parts parts = open_parts(path);
  const Container& container = parts.container;
  const MetadataReader metadata(container.metadata, parts.files.front()->path());
  const Architecture& architecture = architecture_of(metadata, container);
  const HeadCounts counts = read_head_counts(metadata, architecture);
  std::vector<RopeFactors> factors;
  if (architecture.rotation != Rotation::kNone) {
    factors = read_rope_factors(parts, read_rotated(metadata, architecture, counts.head_dim));
  }

  Checkpoint checkpoint;
  checkpoint.path = path;
  checkpoint.format = "gguf";
  checkpoint.config = read_config(metadata, architecture, container, factors);
  checkpoint.config_file = metadata.file();
  for (const auto& file : parts.files) checkpoint.tensor_files.push_back(file->path());
  const description::Hyperparameters stacks = read_stacks(metadata, architecture, counts);
  Presenter presenter(parts, architecture, counts, stacks, checkpoint);
  for (std::size_t i = 0; i < parts.holder.size(); ++i) {
    if (architecture.rotation == Rotation::kNone || !is_rope_tensor(container.tensors[i].name)) presenter.add(i);
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
                                       gguf::open_gguf, gguf::find_first_part};
  return container;
}

}  // namespace kerf::formats
