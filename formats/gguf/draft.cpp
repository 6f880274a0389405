#include "formats/gguf/draft.h"

#include <algorithm>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::formats::gguf {
namespace {

constexpr std::size_t kNoTensor = std::numeric_limits<std::size_t>::max();

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
codec::Scheme file_scheme(const PlannedTensor& tensor, const TensorRule& rule) {
  if (tensor.shape.size() < 2 && !tensor.scheme.quantized()) return float_scheme(DType::kF32);
  if (tensor.scheme.kind != codec::Scheme::Kind::kKeep) return tensor.scheme;
  return float_scheme(rule.values == Values::kFloat32 ? DType::kF32 : tensor.source_dtype);
}

Storage choose_storage(const PlannedTensor& tensor, const codec::Scheme& scheme) {
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
  const std::int64_t heads = rule.order == RowOrder::kInterleavedKey ? h.kv_heads : h.heads;
  auto rows = tensor.shape.empty() ? std::nullopt : ordered_rows(rule.order, tensor.shape[0], h.heads, h.kv_heads);
  if (!rows) {
    refuse(tensor.name, fmt::format("found the shape {}, expected rows for {} heads of an even size",
                                    to_string(tensor.shape), heads));
  }
  return *std::move(rows);
}

void note_storage(const PlannedTensor& tensor, const Storage& storage, std::map<std::string, int>& repeated) {
  if (!tensor.scheme.quantized() || tensor.scheme.name == storage.scheme.name) return;
  if (tensor.scheme.group_width(tensor.shape.back()) == storage.scheme.group_width(tensor.shape.back())) return;
  const double bits =
      8.0 * static_cast<double>(storage.block->block_bytes) / static_cast<double>(storage.block->block_size);
  ++repeated[fmt::format("{} is held as {} with its scales repeated ({} bits per weight)", tensor.scheme.name,
                         storage.block->name, bits)];
}

/// Puts a draft together.
class Drafter {
 public:
  Drafter(const description::Model& model, const Architecture& architecture, std::span<const PlannedTensor> tensors)
      : h_(model.hyperparameters), architecture_(architecture), tensors_(tensors) {}

  void add(std::size_t index) {
    const PlannedTensor& tensor = tensors_[index];
    const auto match = match_hugging_face(architecture_, tensor.name);
    if (!match)
      refuse(tensor.name, fmt::format("found a name that GGUF's {} architecture does not have", architecture_.name));
    if (has_layer(*match->rule) && match->layer >= layers_of(*match->rule, h_)) {
      refuse(tensor.name, fmt::format("found layer {} of a model of {}", match->layer, layers_of(*match->rule, h_)));
    }
    const codec::Scheme scheme = file_scheme(tensor, *match->rule);
    const Storage storage = choose_storage(tensor, scheme);
    if (is_stack(*match->rule)) return add_part(index, *match, scheme, storage);
    FileTensor entry{
        .name = tensor.name, .planned = {index}, .stack = false, .values = {}, .scheme = scheme, .storage = storage};
    entry.rows = row_order(tensor, *match->rule, h_);
    entry.plus_one = match->rule->values == Values::kPlusOne;
    note_storage(tensor, storage, repeated_);
    append(*match, tensor.shape, std::move(entry));
  }

  Draft finish(std::vector<std::string>& notes) {
    check_complete();
    for (const auto& [sentence, count] : repeated_) notes.push_back(fmt::format("{}: {} tensors", sentence, count));
    return std::move(draft_);
  }

 private:
  void append(const TensorMatch& match, const Shape& shape, FileTensor entry) {
    std::string name = expand(match.rule->gguf, match.layer);
    const auto [place, fresh] = present_.emplace(name, draft_.tensors.size());
    if (!fresh) {
      refuse(entry.name, fmt::format("found another name of {}", quoted(draft_.tensors[place->second].name)));
    }
    draft_.infos.push_back({std::move(name), shape, entry.storage.type->id});
    draft_.tensors.push_back(std::move(entry));
  }

  /// The first part found makes the stack; the others must be like it.
  void add_part(std::size_t index, const TensorMatch& match, const codec::Scheme& scheme, const Storage& storage) {
    const PlannedTensor& tensor = tensors_[index];
    const std::int64_t parts = h_.*match.rule->parts;
    if (match.part >= parts) refuse(tensor.name, fmt::format("found part {} of {}", match.part, parts));
    const std::string name = expand(match.rule->gguf, match.layer);
    if (!present_.contains(name)) {
      Shape shape = tensor.shape;
      shape.insert(shape.begin(), parts);
      append(match, shape,
             {.name = tensor.name,
              .planned = std::vector<std::size_t>(static_cast<std::size_t>(parts), kNoTensor),
              .stack = true,
              .values = {},
              .scheme = scheme,
              .storage = storage});
      note_storage(tensor, storage, repeated_);
    }
    FileTensor& stack = draft_.tensors[present_.at(name)];
    const Shape& shape = draft_.infos[present_.at(name)].shape;
    if (!(stack.scheme == scheme) ||
        !std::equal(shape.begin() + 1, shape.end(), tensor.shape.begin(), tensor.shape.end())) {
      refuse(tensor.name,
             fmt::format("found {} {}, expected {} as the others of GGUF's tensor {}: it holds them in one",
                         scheme.name, to_string(tensor.shape), stack.scheme.name, quoted(name)));
    }
    stack.planned[static_cast<std::size_t>(match.part)] = index;
  }

  void check_complete() const {
    for (const TensorRule& rule : architecture_.tensors) {
      const bool head = rule.gguf == "output.weight" && (!h_.tied_head || architecture_.own_head);
      if (!rule.required && !head) continue;
      for (std::int64_t layer = 0; layer < (has_layer(rule) ? layers_of(rule, h_) : 1); ++layer) {
        check_present(rule, layer);
      }
    }
    for (const FileTensor& tensor : draft_.tensors) {
      const auto missing = std::find(tensor.planned.begin(), tensor.planned.end(), kNoTensor);
      if (missing == tensor.planned.end()) continue;
      const auto match = match_hugging_face(architecture_, tensor.name);
      fail_missing(expand(match->rule->hugging_face, match->layer, missing - tensor.planned.begin()));
    }
  }

  void check_present(const TensorRule& rule, std::int64_t layer) const {
    if (present_.contains(expand(rule.gguf, layer))) return;
    fail_missing(expand(rule.hugging_face, layer, 0));
  }

  [[noreturn]] void fail_missing(const std::string& name) const {
    throw_usage(fmt::format("tensor '{}' is missing: GGUF's {} architecture needs it", name, architecture_.name));
  }

  const description::Hyperparameters& h_;
  const Architecture& architecture_;
  std::span<const PlannedTensor> tensors_;
  Draft draft_;
  std::map<std::string, std::size_t, std::less<>> present_;  ///< names in the file
  std::map<std::string, int> repeated_;
};

}  // namespace

Draft draft_tensors(const description::Model& model, const Architecture& architecture,
                    std::span<const PlannedTensor> tensors, std::vector<std::string>& notes) {
  Drafter drafter(model, architecture, tensors);
  for (std::size_t i = 0; i < tensors.size(); ++i) drafter.add(i);
  return drafter.finish(notes);
}

void add_rope_factors(const RopeFactors& factors, Draft& draft) {
  const Shape shape{static_cast<std::int64_t>(factors.values.size())};
  FileTensor tensor;
  tensor.name = factors.name;
  tensor.values = Tensor::from<float>(shape, factors.values);
  tensor.storage = storage_for(float_scheme(DType::kF32), 1, shape[0]);
  draft.infos.push_back({tensor.name, shape, tensor.storage.type->id});
  draft.tensors.push_back(std::move(tensor));
}

}  // namespace kerf::formats::gguf
