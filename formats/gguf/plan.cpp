#include <map>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/gguf/architecture.h"
#include "formats/gguf/config.h"
#include "formats/gguf/rope.h"
#include "formats/gguf/tokenizer.h"
#include "formats/gguf/writer.h"

namespace kerf::formats::gguf {
namespace {

constexpr std::uint32_t kQuantizationVersion = 2;

[[noreturn]] void refuse(std::string_view name, std::string_view why) {
  throw_usage(fmt::format("tensor {}: {}", quoted(name), why));
}

codec::Scheme float_scheme(DType dtype) {
  codec::Scheme scheme;
  scheme.kind = codec::Scheme::Kind::kFloat;
  scheme.name = dtype_name(dtype);
  scheme.float_dtype = dtype;
  return scheme;
}

/// llama.cpp's graphs add and multiply with 1-D tensors, which ggml does in f32 only.
codec::Scheme file_scheme(const PlannedTensor& tensor) {
  if (tensor.shape.size() < 2 && !tensor.scheme.quantized()) return float_scheme(DType::kF32);
  if (tensor.scheme.kind == codec::Scheme::Kind::kKeep) return float_scheme(tensor.source_dtype);
  return tensor.scheme;
}

Storage choose_storage(const PlannedTensor& tensor) {
  const codec::Scheme scheme = file_scheme(tensor);
  if (tensor.shape.size() < 2 && scheme.quantized())
    refuse(tensor.name, "found a scheme for one dimension, expected f32");
  if (numel(tensor.shape) == 0) refuse(tensor.name, "found no values, which a GGUF file cannot hold");
  const std::int64_t cols = tensor.shape.empty() ? 1 : tensor.shape.back();
  const std::int64_t rows = numel(tensor.shape) / cols;
  if (const auto reason = refusal(scheme, rows, cols)) refuse(tensor.name, *reason);
  return storage_for(scheme, rows, cols);
}

std::vector<std::int64_t> row_order(const PlannedTensor& tensor, const TensorRule& rule,
                                    const description::Hyperparameters& h) {
  if (rule.order == RowOrder::kSame) return {};
  const std::int64_t heads = rule.order == RowOrder::kInterleavedQuery ? h.heads : h.kv_heads;
  if (heads <= 0 || tensor.shape.empty() || tensor.shape[0] % (2 * heads) != 0) {
    refuse(tensor.name, fmt::format("found the shape {}, expected rows for {} heads of an even size",
                                    to_string(tensor.shape), heads));
  }
  return rotary_rows(tensor.shape[0], heads);
}

/// Collects the file's tensors.
struct Draft {
  std::vector<TensorInfo> infos;
  std::vector<FileTensor> tensors;

  void add(std::string name, Shape shape, FileTensor tensor) {
    infos.push_back({std::move(name), std::move(shape), tensor.storage.type->id});
    tensors.push_back(std::move(tensor));
  }
};

void add_rope_factors(const std::vector<float>& factors, Draft& draft) {
  const Shape shape{static_cast<std::int64_t>(factors.size())};
  FileTensor tensor;
  tensor.name = kRopeFactorsName;
  tensor.values = Tensor::from<float>(shape, factors);
  tensor.storage = storage_for(float_scheme(DType::kF32), 1, shape[0]);
  draft.add(std::string(kRopeFactorsName), shape, std::move(tensor));
}

void check_complete(const Architecture& architecture, const description::Hyperparameters& h,
                    const std::set<std::string, std::less<>>& present) {
  for (const TensorRule& rule : architecture.tensors) {
    const bool head = rule.gguf == "output.weight" && !h.tied_head;
    if (!rule.required && !head) continue;
    const bool layered = rule.gguf.find("{}") != std::string_view::npos;
    for (std::int64_t layer = 0; layer < (layered ? h.layers : 1); ++layer) {
      if (present.contains(expand(rule.gguf, layer))) continue;
      throw_usage(fmt::format("tensor '{}' is missing: GGUF's {} architecture needs it",
                              expand(rule.hugging_face, layer), architecture.name));
    }
  }
}

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

void note_storage(const PlannedTensor& tensor, const Storage& storage, std::map<std::string, int>& repeated) {
  if (!tensor.scheme.quantized() || tensor.scheme.name == storage.scheme.name) return;
  if (tensor.scheme.group_width(tensor.shape.back()) == storage.scheme.group_width(tensor.shape.back())) return;
  const double bits =
      8.0 * static_cast<double>(storage.block->block_bytes) / static_cast<double>(storage.block->block_size);
  ++repeated[fmt::format("{} is held as {} with its scales repeated ({} bits per weight)", tensor.scheme.name,
                         storage.block->name, bits)];
}

Draft draft_tensors(const description::Model& model, const Architecture& architecture,
                    std::span<const PlannedTensor> tensors, std::vector<std::string>& notes) {
  Draft draft;
  std::set<std::string, std::less<>> present;
  std::map<std::string, int> repeated;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const PlannedTensor& tensor = tensors[i];
    const auto match = match_hugging_face(architecture, tensor.name);
    if (!match)
      refuse(tensor.name, fmt::format("found a name that GGUF's {} architecture does not have", architecture.name));
    if (match->layer >= model.hyperparameters.layers) {
      refuse(tensor.name, fmt::format("found layer {} of a model of {}", match->layer, model.hyperparameters.layers));
    }
    FileTensor entry;
    entry.name = tensor.name;
    entry.planned = static_cast<std::ptrdiff_t>(i);
    entry.scheme = file_scheme(tensor);
    entry.storage = choose_storage(tensor);
    entry.rows = row_order(tensor, *match->rule, model.hyperparameters);
    note_storage(tensor, entry.storage, repeated);
    std::string name = expand(match->rule->gguf, match->layer);
    present.insert(name);
    draft.add(std::move(name), tensor.shape, std::move(entry));
  }
  check_complete(architecture, model.hyperparameters, present);
  for (const auto& [sentence, count] : repeated) notes.push_back(fmt::format("{}: {} tensors", sentence, count));
  return draft;
}

}  // namespace

GgufPlan plan(const description::Model& model, const description::Tokenizer& tokenizer,
              std::span<const PlannedTensor> tensors, const PlanOptions& options) {
  const Architecture* architecture = find_architecture_of(model.family);
  if (architecture == nullptr) {
    std::vector<std::string> known;
    for (const Architecture* one : architectures()) known.emplace_back(one->model_type);
    throw_usage(unknown_name("GGUF architecture", model.family, known));
  }
  GgufPlan result;
  Metadata keys;
  write_hyperparameters(model, *architecture, keys);
  std::optional<std::vector<float>> factors;
  if (architecture->rotary) factors = write_rope(model, *architecture, keys);

  Draft draft = draft_tensors(model, *architecture, tensors, result.notes);
  const std::int64_t vocab_size = vocabulary_rows(draft);
  if (factors) add_rope_factors(*factors, draft);

  result.metadata.set("general.architecture", std::string(architecture->name));
  result.metadata.set("general.type", std::string("model"));
  result.metadata.set("general.name", options.name.empty() ? model.family : options.name);
  result.metadata.set("general.file_type", static_cast<std::uint32_t>(file_type(draft)));
  result.metadata.set("general.quantization_version", kQuantizationVersion);
  for (const auto& [key, value] : keys) result.metadata.set(key, value);
  result.metadata.set(fmt::format("{}.vocab_size", architecture->name), static_cast<std::uint32_t>(vocab_size));
  write_tokenizer(tokenizer, model, vocab_size, result.metadata, result.notes);
  result.layout = lay_out(result.metadata, std::move(draft.infos));
  result.tensors = std::move(draft.tensors);
  return result;
}

}  // namespace kerf::formats::gguf
