#include <map>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/gguf/architecture.h"
#include "formats/gguf/config.h"
#include "formats/gguf/draft.h"
#include "formats/gguf/rope.h"
#include "formats/gguf/split.h"
#include "formats/gguf/tokenizer.h"
#include "formats/gguf/writer.h"

namespace kerf::formats::gguf {
namespace {

constexpr std::uint32_t kQuantizationVersion = 2;

/// general.file_type: the type that most values have.
int file_type(const Draft& draft) {
  std::map<const GgmlType*, std::int64_t> values;
  for (std::size_t i = 0; i < draft.infos.size(); ++i)
    values[draft.tensors[i].storage.type] += numel(draft.infos[i].shape);
  int best = 0;
  std::int64_t most = -1;
  for (const auto& [type, count] : values) {
    // Equal counts: the lower number, so that the result does not depend on addresses.
    if (count < most || (count == most && type->file_type > best)) continue;
    best = type->file_type;
    most = count;
  }
  return best;
}

std::int64_t vocabulary_rows(const Draft& draft) {
  for (const TensorInfo& info : draft.infos) {
    if (info.name == "token_embd.weight" && info.shape.size() == 2) return info.shape[0];
  }
  throw_usage("found no matrix of token embeddings, which a GGUF file needs");
}

const Architecture& architecture_for(const std::string& family) {
  if (const Architecture* architecture = find_architecture_of(family)) return *architecture;
  std::vector<std::string> known;
  for (const Architecture* one : architectures())
    known.insert(known.end(), one->model_types.begin(), one->model_types.end());
  // A model of a near name is another model: none is suggested.
  throw_usage(
      fmt::format("gguf has no architecture for a model of type {}; known: {}", quoted(family), join(known, ", ")));
}

/// Where llama.cpp's graph has no windows, the file promises no more tokens than a window has: up to there it changes
/// nothing.
void limit_context(const Architecture& architecture, description::Hyperparameters& h, std::vector<std::string>& notes) {
  if (architecture.windows || h.windowed_layers == 0 || h.sliding_window == 0) return;
  if (h.sliding_window >= h.context_length) return;
  notes.push_back(
      fmt::format("llama.cpp's {} architecture has no sliding window: the file's context is {} tokens, "
                  "within which the window of {} changes nothing, instead of {}",
                  architecture.name, h.sliding_window, h.sliding_window, h.context_length));
  h.context_length = h.sliding_window;
}

void check_head(const Architecture& architecture, const description::Model& model) {
  if (architecture.own_head && model.hyperparameters.tied_head) {
    throw_usage(fmt::format("found a head tied to the embeddings: llama.cpp's {} architecture needs one of its own",
                            architecture.name));
  }
  if (architecture.always_tied && !model.hyperparameters.tied_head) {
    throw_usage(fmt::format("found a head of its own: llama.cpp's {} architecture ties it to the embeddings",
                            architecture.name));
  }
}

/// Where a file is cut: the numbers of tensors in each part. As llama.cpp's gguf-split does, a part ends before the
/// tensor that would make it too large.
std::vector<std::size_t> cut(const std::vector<TensorInfo>& tensors, std::uint64_t part_bytes) {
  std::vector<std::size_t> counts;
  std::uint64_t bytes = 0;
  for (const TensorInfo& info : tensors) {
    if (counts.empty() || (bytes > 0 && (info.bytes > part_bytes || bytes > part_bytes - info.bytes))) {
      counts.push_back(0);
      bytes = 0;
    }
    ++counts.back();
    bytes += info.bytes;
  }
  return counts;
}

/// The first part has all of the metadata, the others say only what they are parts of.
std::vector<FileLayout> lay_out_parts(const Metadata& metadata, const std::vector<TensorInfo>& tensors,
                                      std::uint64_t part_bytes) {
  const std::vector<std::size_t> counts = cut(tensors, part_bytes);
  if (counts.size() < 2) return {};
  if (std::ssize(counts) > kMaxSplitParts) {
    throw_usage(fmt::format("--split-max-size would cut the file into {} parts, expected at most {}", counts.size(),
                            kMaxSplitParts));
  }
  std::vector<FileLayout> parts;
  auto next = tensors.begin();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    Metadata keys = i == 0 ? metadata : Metadata();
    keys.set(std::string(kSplitNumberKey), static_cast<std::uint16_t>(i));
    keys.set(std::string(kSplitCountKey), static_cast<std::uint16_t>(counts.size()));
    keys.set(std::string(kSplitTensorsKey), static_cast<std::int32_t>(tensors.size()));
    const auto end = next + static_cast<std::ptrdiff_t>(counts[i]);
    parts.push_back(lay_out(keys, {next, end}));
    next = end;
  }
  return parts;
}

}  // namespace

GgufPlan plan(const description::Model& source, const description::Tokenizer& tokenizer,
              std::span<const PlannedTensor> tensors, const PlanOptions& options) {
  const Architecture& architecture = architecture_for(source.family);
  GgufPlan result;
  description::Model model = source;
  limit_context(architecture, model.hyperparameters, result.notes);
  check_head(architecture, model);
  if (architecture.approximate_gelu) {
    result.notes.push_back(
        "llama.cpp computes GELU by its tanh approximation, the model exactly: a difference of up to "
        "5e-4 in what an activation gives");
  }
  Metadata keys;
  write_hyperparameters(model, architecture, keys);
  std::vector<RopeFactors> factors;
  if (architecture.rotation != Rotation::kNone) factors = write_rope(model, architecture, keys);

  Draft draft = draft_tensors(model, architecture, tensors, result.notes);
  const std::int64_t vocab_size = vocabulary_rows(draft);
  for (const RopeFactors& one : factors) add_rope_factors(one, draft);

  result.metadata.set("general.architecture", std::string(architecture.name));
  result.metadata.set("general.type", std::string("model"));
  result.metadata.set("general.name", options.name.empty() ? model.family : options.name);
  result.metadata.set("general.file_type", static_cast<std::uint32_t>(file_type(draft)));
  result.metadata.set("general.quantization_version", kQuantizationVersion);
  for (const auto& [key, value] : keys) result.metadata.set(key, value);
  result.metadata.set(fmt::format("{}.vocab_size", architecture.name), static_cast<std::uint32_t>(vocab_size));
  write_tokenizer(tokenizer, model, vocab_size, result.metadata, result.notes);
  result.layout = lay_out(result.metadata, std::move(draft.infos));
  result.tensors = std::move(draft.tensors);
  if (options.part_bytes > 0) {
    result.parts = lay_out_parts(result.metadata, result.layout.tensors, options.part_bytes);
  }
  return result;
}

}  // namespace kerf::formats::gguf
