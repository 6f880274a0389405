#include "api/emission.h"

#include "api/tensor_plans.h"
#include "codec/float_codec.h"
#include "codec/quantized_tensor.h"
#include "core/error.h"
#include "core/file.h"

namespace kerf::api {
namespace {

bool stored_transposed(const OpenModel& model, const graph::Weight& weight) {
  const auto stored = model.checkpoint().tensors.find(weight.name);
  if (stored == model.checkpoint().tensors.end() || weight.source->shape().size() != 2) return false;
  // Either is a view of the other.
  return weight.source != stored->second && (graph::make_transposed_source(weight.source) == stored->second ||
                                             graph::make_transposed_source(stored->second) == weight.source);
}

/// Schemes are by weight matrix; norms, biases and whatever else there is keep the source's dtype.
codec::Scheme scheme_of(const quant::Candidate& candidate, graph::ValueId id) {
  const auto decision = candidate.decisions.find(id);
  return decision == candidate.decisions.end() ? codec::parse_scheme("none") : decision->second.scheme;
}

/// The shape that a weight has once rows and columns of it have disappeared.
Shape remaining_shape(const quant::Candidate& candidate, graph::ValueId id, const graph::TensorSource& source) {
  if (candidate.structure == nullptr) return source.shape();
  const auto [rows, cols] = candidate.structure->shape_of(id, source.rows(), source.row_size());
  if (rows == source.rows() && cols == source.row_size()) return source.shape();
  return source.shape().size() == 1 ? Shape{rows} : Shape{rows, cols};
}

/// What is written of a weight.
graph::SourcePtr remaining_source(const OpenModel& model, const quant::Candidate& candidate, graph::ValueId id) {
  const auto reduced = candidate.reduced.find(id);
  const graph::SourcePtr source =
      reduced != candidate.reduced.end() ? reduced->second : candidate.overlay.source(model.graph(), id);
  if (candidate.structure == nullptr) return source;
  const auto consumer = candidate.structure->consumer_of.find(id);
  if (consumer == candidate.structure->consumer_of.end()) return source;
  const auto rows = candidate.structure->by_consumer.at(consumer->second)
                        .rows_of(id, source->rows(), candidate.units_kept.at(consumer->second));
  return graph::make_row_gather_source(source, rows);
}

/// What rounds the activations that a weight multiplies; null if nothing does.
std::shared_ptr<const codec::ActivationQuantizer> input_quantizer(const OpenModel& model,
                                                                  const quant::Candidate& candidate,
                                                                  graph::ValueId weight) {
  const int site = model.walker().plan().site_of(weight);
  if (site < 0) return nullptr;
  const auto& uses = model.walker().plan().sites[static_cast<std::size_t>(site)].linear_uses;
  if (uses.empty()) return nullptr;
  return std::dynamic_pointer_cast<const codec::ActivationQuantizer>(candidate.overlay.rounding_of(uses.front(), 0));
}

std::uint64_t plain_bytes(const emit::EmitModel& model) {
  std::uint64_t bits = 0;
  for (const emit::EmitTensor& tensor : model.tensors) {
    const auto count = static_cast<std::uint64_t>(numel(tensor.shape));
    if (tensor.scheme.quantized()) {
      bits += codec::storage_bits(tensor.scheme, tensor.shape[0], tensor.shape[1]);
    } else {
      const bool cast = tensor.scheme.kind == codec::Scheme::Kind::kFloat;
      bits += 8 * count * dtype_bytes(cast ? tensor.scheme.float_dtype : tensor.source_dtype);
    }
  }
  return (bits + 7) / 8;
}

/// Null if the target cannot hold the model exactly.
std::unique_ptr<emit::Emission> plan_if_exact(const emit::TargetInfo& target, const emit::EmitModel& planned) {
  try {
    return target.plan(planned, {});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUsage) throw;
    return nullptr;
  }
}

}  // namespace

emit::EmitModel emit_model(const OpenModel& model, const quant::Candidate& candidate, bool with_sources) {
  emit::EmitModel result;
  result.model = candidate.structure != nullptr ? &candidate.structure->model : &model.description();
  result.reduced = candidate.structure != nullptr;
  result.tokenizer = &model.checkpoint().tokenizer;
  result.name = file_name(model.path());
  result.carried_files = model.checkpoint().carried_files;
  result.graph = &model.graph();
  result.source = &model.checkpoint();
  for (const graph::ValueId id : model.graph().weights()) {
    const graph::Weight& weight = model.graph().value(id).weight;
    emit::EmitTensor tensor;
    tensor.name = weight.name;
    tensor.value = id;
    tensor.role = weight.role;
    tensor.shape = remaining_shape(candidate, id, *weight.source);
    tensor.stored_transposed = stored_transposed(model, weight);
    tensor.scheme = scheme_of(candidate, id);
    tensor.source_dtype = codec::written_dtype(weight.source->dtype());
    // A weight that is already codes, and stays as it is.
    if (tensor.scheme.kind == codec::Scheme::Kind::kKeep && weight.source->scheme())
      tensor.scheme = *weight.source->scheme();
    tensor.may_change = !candidate.transforms.empty();
    const auto decision = candidate.decisions.find(id);
    if (decision != candidate.decisions.end() && decision->second.activations) {
      tensor.activations = decision->second.activations->scheme;
    }
    if (with_sources) {
      tensor.source = remaining_source(model, candidate, id);
      tensor.input_quantizer = input_quantizer(model, candidate, id);
    }
    result.tensors.push_back(std::move(tensor));
  }
  return result;
}

bool writes(const emit::TargetInfo& target, const OpenModel& model) {
  return model.checkpoint().imported == nullptr || target.name == "onnx";
}

Weighed weigh(const OpenModel& model, const quant::Candidate& candidate) {
  // Less than that is no reason for another format: tables are easier to read in one.
  constexpr double kMatters = 0.99;
  const emit::EmitModel planned = emit_model(model, candidate, false);
  std::unique_ptr<emit::Emission> best;
  std::string as = "tensors alone";
  for (const emit::TargetInfo* target : emit::targets()) {
    if (!api::writes(*target, model)) continue;
    auto emission = plan_if_exact(*target, planned);
    if (emission == nullptr) continue;
    const bool is_smaller = best != nullptr && static_cast<double>(emission->tensor_bytes()) <
                                                   kMatters * static_cast<double>(best->tensor_bytes());
    if (best != nullptr && !is_smaller) continue;
    best = std::move(emission);
    as = target->name;
  }
  const std::uint64_t plain = best == nullptr ? plain_bytes(planned) : 0;
  return {best == nullptr ? plain : best->bytes(), best == nullptr ? plain : best->tensor_bytes(), as,
          tensor_plans(model, candidate, planned, best.get())};
}

}  // namespace kerf::api
