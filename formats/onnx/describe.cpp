#include "formats/onnx/describe.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/onnx/probe.h"
#include "ops/op.h"
#include "ops/shape_rules.h"

namespace kerf::formats::onnx {
namespace {

using description::Task;
using graph::ValueId;

/// Tokens of the sequences that shapes and masks are looked at with; odd, so that few other extents are equal to it.
constexpr std::int64_t kProbeLength = 5;

/// The first of the keys that holds a count; 0 if none does.
std::int64_t count_of(const Json& config, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    const Json* value = config.find(key);
    if (value == nullptr || !value->is_integer()) continue;
    const std::int64_t count = value->as_int64();
    if (count > 0 && count < (std::int64_t{1} << 32)) return count;
  }
  return 0;
}

std::int64_t id_of(const Json& config, std::string_view key) {
  const Json* value = config.find(key);
  if (value != nullptr && value->is_array() && !value->as_array().empty()) value = &value->as_array().front();
  return value != nullptr && value->is_integer() ? value->as_int64() : -1;
}

std::vector<std::string> labels_of(const Json& config, std::int64_t classes) {
  const Json* names = config.find("id2label");
  if (names == nullptr || !names->is_object()) return {};
  std::vector<std::string> labels;
  for (std::int64_t i = 0; i < classes; ++i) {
    const Json* name = names->find(std::to_string(i));
    if (name == nullptr || !name->is_string()) return {};
    labels.push_back(name->as_string());
  }
  return labels;
}

/// "LlamaForCausalLM" -> what it computes.
std::optional<Task> task_of_architecture(const Json& config) {
  const Json* names = config.find("architectures");
  if (names == nullptr || !names->is_array() || names->as_array().empty() || !names->as_array().front().is_string()) {
    return std::nullopt;
  }
  const std::string name = names->as_array().front().as_string();
  const auto has = [&](std::string_view part) { return name.find(part) != std::string::npos; };
  if (has("ForCausalLM") || has("LMHead")) return Task::kCausalLm;
  if (has("ForMaskedLM") || has("ForPreTraining")) return Task::kMaskedLm;
  if (has("ForSequenceClassification")) return Task::kClassification;
  return std::nullopt;
}

/// What a graph shows of the model.
class Observer {
 public:
  Observer(const BuiltGraph& built, const Draft& draft, const std::string& file)
      : graph_(built.graph), draft_(draft), file_(file) {}

  /// Tokens of a window that the file declares; 0: any number.
  std::int64_t fixed_length() const {
    std::int64_t fixed = 0;
    for (const DraftInput& input : draft_.inputs) {
      if (input.shape.size() == 2 && input.shape[1] > 0) fixed = input.shape[1];
    }
    return fixed;
  }

  void look() {
    length_ = fixed_length() > 0 ? fixed_length() : kProbeLength;
    std::vector<ops::TensorSpec> inputs;
    for (std::size_t i = 0; i < graph_.inputs().size(); ++i) inputs.push_back({DType::kI64, {1, length_}});
    try {
      specs_ = ops::infer_specs(graph_, inputs);
    } catch (const Error& error) {
      throw_input(file_, error.place(), error.message());
    }
    values_ = probe(graph_, length_, specs_);
  }

  const Shape& output_shape() const { return specs_[static_cast<std::size_t>(graph_.outputs().front().second)].shape; }
  bool causal() const { return is_causal(graph_, values_, length_); }

  /// The shape of the table that input_ids choose rows of, be they codes or floats; {0, 0} if there is none.
  Shape token_table() const {
    const auto ids = graph_.find_input("input_ids");
    for (const graph::Node& node : graph_.nodes()) {
      if (node.op != "Gather" || !node.domain.empty() || !ids || !follows(node.inputs[1], *ids)) continue;
      const graph::Value& table = graph_.value(node.inputs[0]);
      if (table.kind == graph::Value::Kind::kWeight) return table.weight.source->shape();
      if (table.kind == graph::Value::Kind::kConstant && table.constant.shape().size() == 2) {
        return table.constant.shape();
      }
    }
    return {0, 0};
  }

  /// Tokens that tables of positions have rows for, and where the first token's is; 0: no such limit.
  std::int64_t max_positions() const {
    std::int64_t limit = 0;
    for (const graph::Node& node : graph_.nodes()) {
      const auto* table = table_of(node);
      const auto index = table == nullptr ? values_.end() : values_.find(node.inputs[1]);
      if (index == values_.end()) continue;
      const auto positions = ops::integers_of(index->second);
      if (std::ssize(positions) != length_) continue;
      bool counts = length_ > 1;
      for (std::size_t i = 1; i < positions.size(); ++i) counts = counts && positions[i] == positions[i - 1] + 1;
      const auto ids = graph_.find_input("input_ids");
      // The ids of a probe count too; they are no positions.
      if (!counts || (ids && follows(node.inputs[1], *ids))) continue;
      const std::int64_t rows = table->rows() - std::max<std::int64_t>(positions.front(), 0);
      limit = limit == 0 ? rows : std::min(limit, rows);
    }
    return limit;
  }

  std::int64_t types() const {
    const auto ids = graph_.find_input("token_type_ids");
    for (const graph::Node& node : graph_.nodes()) {
      if (const auto* table = table_of(node); table != nullptr && ids && follows(node.inputs[1], *ids))
        return table->rows();
    }
    return 0;
  }

 private:
  const graph::TensorSource* table_of(const graph::Node& node) const {
    if (node.op != "Gather" || !node.domain.empty()) return nullptr;
    const graph::Value& table = graph_.value(node.inputs[0]);
    return table.kind == graph::Value::Kind::kWeight ? table.weight.source.get() : nullptr;
  }

  /// Is `id` the values of `from`, seen through nodes that only move or convert them?
  bool follows(ValueId id, ValueId from) const {
    static const std::set<std::string_view> kMoves = {"Cast",    "Reshape",   "Squeeze", "Unsqueeze",
                                                      "Flatten", "Transpose", "Expand",  "Slice"};
    constexpr int kMostMoves = 64;
    for (int moves = 0; id != from; ++moves) {
      if (moves == kMostMoves) return false;
      const graph::Value& value = graph_.value(id);
      if (value.kind != graph::Value::Kind::kComputed) return false;
      const graph::Node& node = graph_.node(value.producer);
      if (!kMoves.contains(node.op)) return false;
      id = node.inputs[0];
    }
    return true;
  }

  const graph::Graph& graph_;
  const Draft& draft_;
  const std::string& file_;
  std::int64_t length_ = kProbeLength;
  std::vector<ops::TensorSpec> specs_;
  std::map<ValueId, Tensor> values_;
};

Task task_of(const graph::Graph& graph, const Observer& observer, const Json& config, std::int64_t vocabulary) {
  const Shape& output = observer.output_shape();
  if (output.size() == 2) return Task::kClassification;
  if (output.size() != 3 || output.back() < vocabulary || vocabulary == 0) return Task::kFeatures;
  if (graph.find_input("decoder_input_ids")) return Task::kSequenceToSequence;
  if (const auto task = task_of_architecture(config)) return *task;
  return observer.causal() ? Task::kCausalLm : Task::kMaskedLm;
}

}  // namespace

description::Model describe(const BuiltGraph& built, const Draft& draft, const Json& config, const std::string& file) {
  Observer observer(built, draft, file);
  observer.look();
  description::Model model;
  const Json* type = config.find("model_type");
  model.family = type != nullptr && type->is_string() ? type->as_string() : "onnx";
  model.config = config.is_object() ? config : Json::object();
  auto& h = model.hyperparameters;
  const Shape table = observer.token_table();
  h.vocab_size = table[0] > 0 ? table[0] : count_of(config, {"vocab_size"});
  if (h.vocab_size == 0)
    throw_input(file, "input_ids", "choose no rows of a table, so that the vocabulary is not known");
  h.hidden_size = count_of(config, {"hidden_size", "n_embd", "d_model", "dim"});
  if (h.hidden_size == 0) h.hidden_size = table[1];
  h.layers = built.layers;
  h.decoder_layers = built.decoder_layers;
  h.intermediate_size = count_of(config, {"intermediate_size", "n_inner", "ffn_dim", "d_ff", "hidden_dim"});
  h.heads = count_of(config, {"num_attention_heads", "n_head", "num_heads", "n_heads"});
  h.kv_heads = count_of(config, {"num_key_value_heads"});
  if (h.kv_heads == 0) h.kv_heads = h.heads;
  h.head_dim = count_of(config, {"head_dim", "d_kv"});
  if (h.head_dim == 0 && h.heads > 0) h.head_dim = h.hidden_size / h.heads;
  h.max_positions = observer.max_positions();
  h.context_length = count_of(config, {"max_position_embeddings", "n_positions", "n_ctx"});
  if (h.max_positions > 0 && (h.context_length == 0 || h.context_length > h.max_positions))
    h.context_length = h.max_positions;
  h.type_vocab_size = observer.types();
  model.fixed_length = observer.fixed_length();
  if (model.fixed_length > 0) h.context_length = h.max_positions = model.fixed_length;
  model.task = task_of(built.graph, observer, config, h.vocab_size);
  model.causal = model.task == Task::kCausalLm;
  if (model.task == Task::kClassification) model.labels = labels_of(config, observer.output_shape().back());
  model.bos_id = id_of(config, "bos_token_id");
  model.eos_id = id_of(config, "eos_token_id");
  model.pad_id = id_of(config, "pad_token_id");
  model.decoder_start_id = id_of(config, "decoder_start_token_id");
  return model;
}

}  // namespace kerf::formats::onnx
