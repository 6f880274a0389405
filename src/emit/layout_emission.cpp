#include "emit/layout_emission.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "core/checked.h"
#include "core/error.h"
#include "core/file.h"
#include "core/output.h"
#include "core/quantities.h"
#include "core/strings.h"
#include "core/threads.h"
#include "emit/modules.h"
#include "formats/safetensors/layouts/layout.h"
#include "formats/safetensors/shards.h"

namespace kerf::emit {
namespace {

namespace st = formats::safetensors;

constexpr std::string_view kWeightSuffix = ".weight";
constexpr std::uint64_t kLargestCarriedFile = std::uint64_t{1} << 30;

DType stored_dtype(const EmitTensor& tensor) {
  return tensor.scheme.kind == codec::Scheme::Kind::kFloat ? tensor.scheme.float_dtype : tensor.source_dtype;
}

Shape stored_shape(const EmitTensor& tensor) {
  return tensor.stored_transposed ? Shape{tensor.shape[1], tensor.shape[0]} : tensor.shape;
}

bool is_embedding(graph::Role role) {
  return role == graph::Role::kEmbedding || role == graph::Role::kPositionEmbedding ||
         role == graph::Role::kTypeEmbedding;
}

/// A folder of safetensors files in one of the layouts for quantized linear modules.
class LayoutEmission : public Emission {
 public:
  LayoutEmission(const st::LayoutInfo& layout, const EmitModel& model, std::uint64_t max_shard_bytes)
      : layout_(layout), modules_(stored_modules(model, layout)) {
    std::vector<st::TensorPlan> tensors;
    if (model.reduced) check_heads(model.model->hyperparameters);
    for (const StoredModule& module : modules_) plan_module(module, model, tensors);
    for (const auto& tensor : tensors) tensor_bytes_ += tensor.bytes();
    shards_ = st::plan_shards(std::move(tensors), max_shard_bytes);
    config_ = make_config(model);
    for (const std::string& path : model.carried_files) {
      if (file_name(path) != "config.json") carried_.push_back(path);
    }
  }

  std::uint64_t bytes() const override {
    std::uint64_t total = shards_.bytes() + config_.size() + config_copy_.size();
    for (const std::string& path : carried_) total += InputFile::open(path)->size();
    return total;
  }
  std::uint64_t tensor_bytes() const override { return tensor_bytes_; }
  std::vector<std::string> notes() const override { return notes_; }

  void open(const std::string& path, bool force) override { folder_ = std::make_unique<OutputFolder>(path, force); }

  void write(const EmitModel& model) override {
    st::ShardedWriter writer(*folder_, shards_);
    for (const StoredModule& module : modules_) write_module(module, model, writer);
    writer.finish();
    write_text("config.json", config_);
    if (!config_copy_.empty()) write_text(layout_.config_file, config_copy_);
    for (const std::string& path : carried_) write_text(file_name(path), read_file(path, kLargestCarriedFile));
  }

  std::string readable_path() const override { return folder_->temporary_path(); }
  std::vector<WrittenFile> readable_files() const override { return files_in(folder_->temporary_path()); }
  void commit() override { folder_->commit(); }

 private:
  /// transformers refuses a config.json whose hidden size is no multiple of the number of heads, though head_dim says
  /// how large they are.
  void check_heads(const description::Hyperparameters& h) const {
    if (h.heads <= 0 || h.hidden_size % h.heads == 0) return;
    throw_usage(
        fmt::format("{} cannot hold what pruning leaves: {} heads do not divide the hidden size {}, which transformers "
                    "asks for; let another share of the heads stay, or write gguf",
                    layout_.name, h.heads, h.hidden_size));
  }

  void plan_module(const StoredModule& module, const EmitModel& model, std::vector<st::TensorPlan>& tensors) {
    for (st::TensorPlan& plan : plan_tensor(model.tensors[module.tensors.front()], module)) {
      if (module.stack) plan.shape.insert(plan.shape.begin(), static_cast<std::int64_t>(module.tensors.size()));
      tensors.push_back(std::move(plan));
    }
  }

  /// Of one tensor of the module, under the module's name.
  std::vector<st::TensorPlan> plan_tensor(const EmitTensor& tensor, const StoredModule& module) const {
    const auto refuse = [&](const std::string& why) {
      throw_usage(
          fmt::format("{} cannot hold {} as {}: {}", layout_.name, quoted(tensor.name), tensor.scheme.name, why));
    };
    if (!tensor.scheme.quantized()) {
      if (tensor.activations) refuse("the activations it multiplies are rounded, which only quantized weights can say");
      return {{float_name(tensor, module), stored_dtype(tensor), stored_shape(tensor)}};
    }
    if (tensor.stored_transposed && !layout_.conv1d) {
      refuse("the checkpoint stores this weight transposed (Conv1D), the format only linear modules");
    }
    if (is_embedding(tensor.role) && !layout_.embeddings) {
      refuse("its consumers read quantized linear modules only; leave --embedding at its default");
    }
    if (!ends_with(tensor.name, kWeightSuffix)) refuse("its name does not end in .weight");
    const st::ModuleScheme scheme(tensor.scheme, tensor.activations);
    if (const auto why = layout_.refusal(scheme, tensor.shape[0], tensor.shape[1])) refuse(*why);
    return layout_.plan(quantized_name(tensor, module), scheme, tensor.shape[0], tensor.shape[1]);
  }

  static std::string quantized_name(const EmitTensor& tensor, const StoredModule& module) {
    return module.stack ? module.name : module_name(tensor);
  }

  static std::string float_name(const EmitTensor& tensor, const StoredModule& module) {
    return module.stack ? module.name + std::string(kWeightSuffix) : tensor.name;
  }

  std::string make_config(const EmitModel& model) {
    Json config = plain_config(*model.model);
    st::LayoutModules modules;
    bool f16_scales = false;
    for (const StoredModule& module : modules_) {
      const EmitTensor& tensor = model.tensors[module.tensors.front()];
      if (tensor.scheme.quantized()) {
        modules.quantized.push_back(
            {quantized_name(tensor, module), {tensor.scheme, tensor.activations}, tensor.role == graph::Role::kHead});
        f16_scales = f16_scales || tensor.scheme.scale_dtype == DType::kF16;
      } else if ((graph::is_linear_role(tensor.role) || tensor.role == graph::Role::kHead ||
                  tensor.role == graph::Role::kRouter) &&
                 ends_with(tensor.name, kWeightSuffix) && tensor.shape.size() == 2) {
        modules.unquantized.push_back(quantized_name(tensor, module));
      }
    }
    if (model.model->hyperparameters.tied_head) modules.unquantized.emplace_back("lm_head");
    if (!modules.quantized.empty()) add_quantization(layout_.config(modules), config);
    keep_scales_exact(config, f16_scales);
    return config.dump(2) + "\n";
  }

  void add_quantization(const Json& quantization, Json& config) {
    for (const std::string_view key : layout_.config_keys) config.set(std::string(key), quantization);
    if (!layout_.config_file.empty()) config_copy_ = quantization.dump(2) + "\n";
  }

  /// Consumers load scales in the model's dtype: bf16 would round f16 scales.
  void keep_scales_exact(Json& config, bool f16_scales) {
    for (const std::string_view key : {"dtype", "torch_dtype"}) {
      const Json* dtype = config.find(key);
      if (!f16_scales || dtype == nullptr || !dtype->is_string() || dtype->as_string() != "bfloat16") continue;
      config.set(std::string(key), "float16");
      notes_.push_back(
          fmt::format("config.json's {} is float16 (was bfloat16), so that the f16 scales load unrounded; "
                      "--scale-dtype bf16 keeps it",
                      key));
    }
  }

  void write_module(const StoredModule& module, const EmitModel& model, st::ShardedWriter& writer) {
    if (model.tensors[module.tensors.front()].scheme.quantized()) {
      write_quantized(module, model, writer);
      return;
    }
    for (const std::size_t i : module.tensors) {
      write_floats(model.tensors[i], float_name(model.tensors[i], module), writer);
    }
  }

  /// Of a stack the codes are written as they come, and what belongs to them, an eighth as much, after those of all.
  void write_quantized(const StoredModule& module, const EmitModel& model, st::ShardedWriter& writer) {
    std::vector<std::vector<st::EncodedTensor>> all;
    for (const std::size_t i : module.tensors) {
      const EmitTensor& tensor = model.tensors[i];
      auto parts = layout_.encode(quantized_name(tensor, module), *tensor.source->read_quantized(),
                                  tensor.input_quantizer.get());
      writer.append(parts.front().plan.name, parts.front().bytes);
      parts.front().bytes = {};
      all.push_back(std::move(parts));
    }
    for (std::size_t part = 1; part < all.front().size(); ++part) {
      for (const auto& parts : all) writer.append(parts[part].plan.name, parts[part].bytes);
    }
  }

  void write_floats(const EmitTensor& tensor, const std::string& name, st::ShardedWriter& writer) {
    const graph::SourcePtr source =
        tensor.stored_transposed ? graph::make_transposed_source(tensor.source) : tensor.source;
    const DType dtype = stored_dtype(tensor);
    const std::int64_t width = source->row_size(), height = source->rows();
    const std::int64_t slab =
        std::clamp<std::int64_t>((std::int64_t{4} << 20) / std::max<std::int64_t>(width, 1), 1, 65536);
    const std::int64_t part = std::max<std::int64_t>((std::int64_t{1} << 18) / std::max<std::int64_t>(width, 1), 1);
    std::vector<float> values(static_cast<std::size_t>(std::min(slab, height) * width));
    std::vector<std::byte> bytes(values.size() * dtype_bytes(dtype));
    for (std::int64_t first = 0; first < height; first += slab) {
      const std::int64_t rows = std::min(slab, height - first);
      const std::span<std::byte> slab_bytes(bytes.data(), static_cast<std::size_t>(rows * width) * dtype_bytes(dtype));
      parallel_for(div_up(rows, part), [&](std::int64_t i) {
        const std::int64_t begin = i * part, count = std::min(part, rows - begin);
        const std::span<float> to(values.data() + begin * width, static_cast<std::size_t>(count * width));
        source->read_rows(first + begin, count, to.data());
        codec::encode_floats(dtype, to,
                             slab_bytes.subspan(static_cast<std::size_t>(begin * width) * dtype_bytes(dtype),
                                                to.size() * dtype_bytes(dtype)));
      });
      writer.append(name, slab_bytes);
    }
  }

  void write_text(std::string_view name, std::string_view text) {
    const auto file = folder_->create(name);
    file->write(text);
    file->commit();
  }

  const st::LayoutInfo& layout_;
  std::vector<StoredModule> modules_;
  st::ShardPlan shards_;
  std::uint64_t tensor_bytes_ = 0;
  std::string config_, config_copy_;
  std::vector<std::string> carried_, notes_;
  std::unique_ptr<OutputFolder> folder_;
};

}  // namespace

std::unique_ptr<Emission> plan_layout(std::string_view layout, const EmitModel& model, const TargetOptions& options) {
  const auto size = options.find(kMaxShardSize.name);
  const std::uint64_t max_shard_bytes = size == options.end()
                                            ? st::kDefaultShardBytes
                                            : parse_bytes(fmt::format("--{}", kMaxShardSize.name), size->second);
  return std::make_unique<LayoutEmission>(*st::find_layout(layout), model, max_shard_bytes);
}

DType source_dtype_stays(DType source_dtype) { return source_dtype; }

}  // namespace kerf::emit
