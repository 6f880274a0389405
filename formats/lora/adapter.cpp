#include "formats/lora/adapter.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "formats/lora/low_rank_source.h"
#include "formats/lora/tensors.h"

namespace kerf::formats::lora {
namespace {

using safetensors::StoredTensor;

constexpr std::string_view kConfigFile = "adapter_config.json";
constexpr std::string_view kTensorFile = "adapter_model.safetensors";
constexpr std::string_view kPickleFile = "adapter_model.bin";
constexpr std::uint64_t kMaxConfigBytes = std::uint64_t{16} << 20;
constexpr std::string_view kWeight = ".weight";

/// The tensors of a checkpoint under the names that modules have in the class that was adapted: checkpoints and classes
/// differ by a first part ("model.", "transformer.") that one of them lacks.
class Names {
 public:
  explicit Names(const graph::SourceMap& tensors) : tensors_(tensors) {
    for (const auto& [name, source] : tensors) {
      const std::string rest = without_first_part(name);
      if (!rest.empty()) shortened_.emplace(rest, name);
    }
  }

  /// The checkpoint's name of `name`; empty if there is none. Error(kInput) if there are several.
  std::string find(const std::string& name, const StoredTensor& asked_by) const {
    if (tensors_.contains(name)) return name;
    if (const std::string rest = without_first_part(name); tensors_.contains(rest)) return rest;
    const auto [begin, end] = shortened_.equal_range(name);
    if (begin == end) return "";
    if (std::next(begin) != end) {
      asked_by.fail(fmt::format("fits both {} and {}", quoted(begin->second), quoted(std::next(begin)->second)));
    }
    return begin->second;
  }

 private:
  static std::string without_first_part(const std::string& name) {
    const std::size_t dot = name.find('.');
    return dot == std::string::npos ? "" : name.substr(dot + 1);
  }

  const graph::SourceMap& tensors_;
  std::multimap<std::string, std::string> shortened_;
};

void expect_shape(const StoredTensor& tensor, const Shape& expected, const graph::TensorSource& base) {
  if (!is_floating(tensor.entry.dtype)) {
    tensor.fail(fmt::format("holds {} values, expected floating-point numbers", dtype_name(tensor.entry.dtype)));
  }
  if (tensor.entry.shape == expected) return;
  tensor.fail(fmt::format("has shape {}, expected {} (the model's tensor is {})", to_string(tensor.entry.shape),
                          to_string(expected), to_string(base.shape())));
}

/// One adapter on its way into a checkpoint.
class Merger {
 public:
  Merger(const std::string& folder, double weight, const Base& base, Checkpoint& checkpoint)
      : folder_(folder),
        weight_(weight),
        base_(base),
        checkpoint_(checkpoint),
        config_(read_config()),
        tensors_(read_tensors()),
        names_(checkpoint.tensors) {}

  /// Was the tie cut?
  bool run() {
    if (tensors_.modules.empty() && tensors_.whole.empty()) {
      throw_input(join_path(folder_, kTensorFile), "", "holds no tensor");
    }
    // What stands in the model's own place is part of the base; modules that were trained apart come after the tie
    // between embedding and head has been cut.
    for (const auto& [name, tensor] : tensors_.whole) {
      if (!is_saved(name)) replace(in_place(name, tensor), tensor);
    }
    if (cuts_tie()) give_head_its_own();
    for (const auto& [name, tensor] : tensors_.whole) {
      if (is_saved(name)) replace(target(name, tensor), tensor);
    }
    for (const auto& [name, module] : tensors_.modules) add(name, module);
    note();
    return tie_is_cut_;
  }

 private:
  Config read_config() {
    const std::string path = join_path(folder_, kConfigFile);
    if (!is_directory(folder_) || !path_exists(path)) {
      throw_input(folder_, "", fmt::format("is not an adapter: a folder with {} and {}", kConfigFile, kTensorFile));
    }
    const Json json = Json::parse(read_file(path, kMaxConfigBytes), path);
    return {JsonCursor(json, path), base_.matches, checkpoint_.notes};
  }

  Tensors read_tensors() const {
    const std::string path = join_path(folder_, kTensorFile);
    if (!path_exists(path) && path_exists(join_path(folder_, kPickleFile))) {
      throw_input(folder_, "",
                  fmt::format("has {}, a pickle that kerf does not execute; save the adapter as {} (peft does so "
                              "unless safe_serialization is false)",
                              kPickleFile, kTensorFile));
    }
    return sort_tensors(safetensors::Reader(path).stored());
  }

  static std::string module_of(const std::string& tensor) { return tensor.substr(0, tensor.rfind('.')); }
  bool is_saved(const std::string& tensor) const { return config_.is_saved(module_of(tensor)); }
  bool has_tie() const { return !base_.shared_embedding.empty() && !tie_is_cut_; }
  bool is_head(const std::string& name) const {
    return !base_.head.empty() && (name == base_.head || ends_with(name, "." + base_.head));
  }

  /// The checkpoint's tensor that the adapter calls `name`.
  std::string target(const std::string& name, const StoredTensor& asked_by) const {
    if (!base_.shared_embedding.empty() && is_head(name)) return has_tie() ? base_.shared_embedding : base_.head;
    const std::string found = names_.find(name, asked_by);
    if (found.empty()) asked_by.fail(fmt::format("fits no tensor of the model, which has no {}", quoted(name)));
    return found;
  }

  /// As target(), where a head and an embedding that share their weights are one tensor: empty for the second of them.
  std::string in_place(const std::string& name, const StoredTensor& tensor) const {
    const std::string found = target(name, tensor);
    const bool is_repeated = has_tie() && found == base_.shared_embedding && replaced_.contains(found);
    return is_repeated ? "" : found;
  }

  /// Does the adapter change the embedding or the head that share their weights, one without the other?
  bool cuts_tie() const {
    if (!has_tie() || config_.keeps_tie()) return false;
    const auto touches = [&](const std::string& name, const StoredTensor& tensor) {
      return is_head(name) || names_.find(name, tensor) == base_.shared_embedding;
    };
    return std::any_of(tensors_.modules.begin(), tensors_.modules.end(),
                       [&](const auto& m) { return touches(m.first + std::string(kWeight), *m.second.down); }) ||
           std::any_of(tensors_.whole.begin(), tensors_.whole.end(),
                       [&](const auto& t) { return is_saved(t.first) && touches(t.first, t.second); });
  }

  void give_head_its_own() {
    if (base_.head.empty()) {
      throw_input(folder_, "",
                  fmt::format("changes {}, which the output head of this model shares; kerf cannot part the two",
                              quoted(base_.shared_embedding)));
    }
    checkpoint_.tensors.insert_or_assign(base_.head, checkpoint_.tensors.at(base_.shared_embedding));
    checkpoint_.config.set("tie_word_embeddings", false);
    tie_is_cut_ = true;
  }

  void replace(const std::string& name, const StoredTensor& tensor) {
    if (name.empty()) return;
    if (weight_ != 1) {
      tensor.fail(fmt::format("replaces the model's, which a weight of {} cannot do by parts", weight_));
    }
    graph::SourcePtr& source = checkpoint_.tensors.at(name);
    expect_shape(tensor, source->shape(), *source);
    if (!replaced_.insert(name).second) tensor.fail(fmt::format("replaces {} a second time", quoted(name)));
    source = safetensors::make_source(tensor);
  }

  void add(const std::string& name, const Module& module) {
    const std::string full = target(name + std::string(kWeight), *module.down);
    graph::SourcePtr& source = checkpoint_.tensors.at(full);
    if (source->shape().size() != 2 || (!is_floating(source->dtype()) && !source->scheme())) {
      module.down->fail(fmt::format("is for {}, which is {} of {}, expected a matrix of floats", quoted(full),
                                    to_string(source->shape()), dtype_name(source->dtype())));
    }
    const std::int64_t rank = config_.rank(name);
    const double scaling = weight_ * config_.scaling(name);
    lowest_rank_ = added_ == 0 ? rank : std::min(lowest_rank_, rank);
    highest_rank_ = std::max(highest_rank_, rank);
    ++added_;
    source = module.is_embedding ? with_embedding(module, source, rank, scaling)
                                 : with_linear(module, source, rank, scaling, base_.transposed.contains(full));
  }

  graph::SourcePtr with_embedding(const Module& module, const graph::SourcePtr& source, std::int64_t rank,
                                  double scaling) const {
    if (config_.has_magnitudes()) module.down->fail("is of an embedding with use_dora; kerf does not merge that");
    expect_shape(*module.down, {rank, source->shape()[0]}, *source);
    expect_shape(*module.up, {source->shape()[1], rank}, *source);
    return make_low_rank_source(source, make_column_source(*module.down),
                                graph::make_transposed_source(safetensors::make_source(*module.up)),
                                static_cast<float>(scaling), nullptr);
  }

  /// Rows are merged as the model uses them, [out, in], however they are stored.
  graph::SourcePtr with_linear(const Module& module, const graph::SourcePtr& source, std::int64_t rank, double scaling,
                               bool is_transposed) const {
    const graph::SourcePtr base = is_transposed ? graph::make_transposed_source(source) : source;
    expect_shape(*module.down, {rank, base->shape()[1]}, *source);
    expect_shape(*module.up, {base->shape()[0], rank}, *source);
    const graph::SourcePtr merged =
        make_low_rank_source(base, safetensors::make_source(*module.up), safetensors::make_source(*module.down),
                             static_cast<float>(scaling), magnitude(module, *base));
    return is_transposed ? graph::make_transposed_source(merged) : merged;
  }

  graph::SourcePtr magnitude(const Module& module, const graph::TensorSource& base) const {
    if (!config_.has_magnitudes()) {
      if (module.magnitude) module.magnitude->fail("is DoRA's, but adapter_config.json does not say use_dora");
      return nullptr;
    }
    if (!module.magnitude) module.down->fail("has no lora_magnitude_vector beside it, which use_dora needs");
    if (weight_ != 1) {
      module.magnitude->fail(fmt::format("sets the length of rows, which a weight of {} cannot do by parts", weight_));
    }
    expect_shape(*module.magnitude, {base.rows()}, base);
    return safetensors::make_source(*module.magnitude);
  }

  void note() {
    std::string text = fmt::format("adapter {}:", quoted(folder_));
    if (added_ > 0) {
      const std::string ranks = lowest_rank_ == highest_rank_ ? std::to_string(highest_rank_)
                                                              : fmt::format("{} to {}", lowest_rank_, highest_rank_);
      text += fmt::format(" merged into {} weights, rank {}", added_, ranks);
      if (weight_ != 1) text += fmt::format(", times {}", weight_);
    }
    if (!replaced_.empty()) {
      text += fmt::format("{} {} tensors replaced", added_ > 0 ? "," : "", replaced_.size());
    }
    if (tie_is_cut_) text += "; the head no longer shares the embedding's weights";
    checkpoint_.notes.push_back(std::move(text));
  }

  const std::string& folder_;
  double weight_;
  const Base& base_;
  Checkpoint& checkpoint_;
  Config config_;
  Tensors tensors_;
  Names names_;
  std::set<std::string> replaced_;
  std::int64_t added_ = 0, lowest_rank_ = 0, highest_rank_ = 0;
  bool tie_is_cut_ = false;
};

}  // namespace

bool merge_adapter(const std::string& folder, double weight, const Base& base, Checkpoint& checkpoint) {
  return Merger(folder, weight, base, checkpoint).run();
}

}  // namespace kerf::formats::lora
