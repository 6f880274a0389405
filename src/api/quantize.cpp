#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "kerf/kerf.h"

#include "api/choice.h"
#include "api/emission.h"
#include "api/expected_memory.h"
#include "api/open_model.h"
#include "api/provenance.h"
#include "api/rewritten.h"
#include "api/session.h"
#include "api/target_quality.h"
#include "api/teacher.h"
#include "api/tensor_plans.h"
#include "api/text_data.h"
#include "codec/float_codec.h"
#include "core/error.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/output.h"
#include "core/strings.h"
#include "core/threads.h"
#include "emit/ending.h"
#include "emit/exactness.h"
#include "emit/manifest.h"
#include "emit/read_back.h"
#include "emit/target.h"
#include "quant/ledger.h"
#include "quant/quantizer.h"

namespace kerf {
namespace {

using api::OpenModel;

struct PlannedOutput {
  const OutputRequest* request;
  const emit::TargetInfo* target;
  std::unique_ptr<emit::Emission> emission;
  std::vector<TensorPlan> tensors{};  ///< as this output holds them
};

struct DefaultScheme {
  std::string scheme;  ///< or recipe
  std::string what;    ///< it is the default for: "gguf"
};

/// What is stored if nobody says: the format's choice, or for several formats what all of them hold.
DefaultScheme default_scheme(const QuantizeOptions& options, const OpenModel& model) {
  if (!model.description().causal) return {"int8", "models that are not causal"};
  std::set<const emit::TargetInfo*> targets;
  for (const OutputRequest& request : options.outputs) targets.insert(&emit::target_for(request.path, request.format));
  if (targets.size() > 1) return {"int4-g32", "several formats"};
  return {std::string((*targets.begin())->default_scheme), std::string((*targets.begin())->name)};
}

/// What is stored, for the sentence: the recipe's rules come before the scheme, which is for the weights they leave.
std::string stored(const QuantizationChoice& choice) {
  if (!choice.recipe_text.empty()) return "a mixture that was chosen for a target";
  const std::string scheme = to_lower_ascii(choice.scheme);
  if (choice.recipe.empty()) return "scheme " + scheme;
  return "recipe " + choice.recipe + (scheme.empty() ? "" : ", scheme " + scheme + " where it has no rule");
}

/// Scheme, method and the sentence that says what was chosen and how to change it.
QuantizationChoice complete_choice(const QuantizeOptions& options, const OpenModel& model, std::string& chosen) {
  QuantizationChoice choice = options.choice;
  const bool given = !choice.scheme.empty() || !choice.recipe.empty() || !choice.recipe_text.empty();
  std::string default_of;
  if (!given) {
    DefaultScheme fallback = default_scheme(options, model);
    choice.scheme = std::move(fallback.scheme);
    default_of = fmt::format(" (default for {}; --scheme changes it)", fallback.what);
  }
  api::resolve_scheme(choice);
  const bool by_recipe = !choice.recipe.empty() || !choice.recipe_text.empty();
  const bool quantizes = by_recipe || codec::parse_scheme(choice.scheme).quantized();
  const bool method_given = !choice.method.empty();
  const bool importance = api::is_importance(options.calibration);
  const std::string by_data = importance ? "imatrix" : "gptq";
  if (importance) choice.sequential = false;
  if (!method_given) choice.method = options.calibration.given() && quantizes ? by_data : "rtn";
  std::string also = choice.activations.empty() ? "" : ", activations " + choice.activations;
  if (!choice.prune.empty()) also += ", pruned by " + join(choice.prune, ", ");
  if (!quantizes) {
    chosen = fmt::format("plain conversion to {}{}", choice.scheme, also);
    return choice;
  }
  chosen =
      fmt::format("{}{}, method {}{}{}", stored(choice), default_of, choice.method,
                  method_given                  ? ""
                  : importance                  ? " (default with an importance file; --method changes it)"
                  : options.calibration.given() ? " (default with calibration data; --method changes it)"
                                                : " (default without calibration data; --calibration FILE gives gptq)",
                  also);
  return choice;
}

/// Replaces the scheme by the mixture that meets the target.
void aim(const QuantizeOptions& options, const OpenModel& model, const Resources& resources, QuantizationChoice& choice,
         QuantizeResult& result) {
  const TextInput& text = options.target.text;
  if (text.files.empty() && text.tokens_file.empty() && api::is_saved(options.calibration)) {
    throw_usage("a target needs text to measure on, not saved statistics; give it by --target-text FILE");
  }
  result.target.emplace();
  const std::string recipe = api::recipe_for_target(options, choice, model, resources, *result.target);
  choice.scheme.clear();
  choice.recipe.clear();
  choice.recipe_text = recipe;
  result.chosen = "a mixture chosen for the target, method " + choice.method;
  result.notes.push_back(result.target->sentence);
}

/// The narrowest dtype in which the targets keep a changed norm or bias.
DType folded_dtype(const OpenModel& model, const std::vector<PlannedOutput>& outputs) {
  DType source = DType::kF32;
  for (const graph::ValueId id : model.graph().weights()) {
    const graph::Weight& weight = model.graph().value(id).weight;
    if (weight.role == graph::Role::kNorm) source = codec::written_dtype(weight.source->dtype());
  }
  DType narrowest = DType::kF32;
  for (const PlannedOutput& output : outputs) {
    const DType dtype = output.target->folded_dtype(source);
    if (dtype == DType::kF32) continue;
    // Of bf16 and f16 neither holds the other: bf16 has fewer digits.
    if (narrowest == DType::kF32 || dtype == DType::kBF16) narrowest = dtype;
  }
  return narrowest;
}

void refuse_to_overwrite_source(const OpenModel& model, const std::string& output) {
  std::error_code ignored;
  const std::filesystem::path source(model.path()), target(output);
  if (std::filesystem::equivalent(source, target, ignored) ||
      (std::filesystem::is_directory(target, ignored) &&
       std::filesystem::equivalent(source.parent_path().empty() ? "." : source.parent_path(), target, ignored))) {
    throw_usage(output + ": is the model that is read; name another output");
  }
}

/// The same for parts of a split model and files of weights beside a graph, whose names come from the output's.
void refuse_to_overwrite_parts(const OpenModel& model, const std::vector<std::string>& outputs) {
  std::error_code ignored;
  for (const std::string& output : outputs) {
    for (const std::string& source : model.checkpoint().tensor_files) {
      if (!std::filesystem::equivalent(source, output, ignored)) continue;
      throw_usage(output + ": would be written, and is a part of the model that is read; name another output");
    }
  }
}

/// What looks like the name of a file may not be meant for a folder's.
void note_unknown_ending(const OutputRequest& request, const emit::TargetInfo& target,
                         std::vector<std::string>& notes) {
  const std::string ending = emit::ending_of(request.path);
  if (!request.format.empty() || !target.ending.empty() || ending.empty()) return;
  notes.push_back(fmt::format("{} is a folder of {}: no format has the ending {}; --format NAME says another",
                              request.path, target.name, kerf::quoted(ending)));
}

[[noreturn]] void refuse_target(const emit::TargetInfo& target, const std::string& output) {
  throw_usage(
      fmt::format("{}: an ONNX model is written as ONNX, not as {}; name a .onnx file, or quantize the checkpoint that "
                  "it was exported from",
                  output, target.name));
}

void refuse_requantization(const OpenModel& model, const quant::Candidate& candidate, bool allowed) {
  if (allowed) return;
  for (const auto& [id, decision] : candidate.decisions) {
    const graph::Weight& weight = model.graph().value(id).weight;
    const auto rounded_to = weight.source->rounded_to();
    const bool stays = weight.source->scheme() == decision.scheme && !decision.pruning;
    if (decision.scheme.quantized() && rounded_to && !stays) {
      throw_usage(fmt::format("{} is already quantized ({}); rounding it again loses twice; --allow-requantize does it",
                              kerf::quoted(weight.name), rounded_to->name));
    }
  }
}

/// Error(kUsage) that also names what would do: the nearest scheme, or the formats that hold this one.
std::unique_ptr<emit::Emission> plan_output(const emit::TargetInfo& target, const OutputRequest& request,
                                            const emit::EmitModel& planned) {
  try {
    return target.plan(planned, request.options);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUsage) throw;
    // Without its options the format holds it: they are what is wrong, and no other scheme would help.
    if (!request.options.empty() && emit::exactness(target, {}, planned).exact) throw;
    const std::string nearest = emit::exactness(target, request.options, planned).nearest;
    const std::vector<std::string> others = emit::formats_that_hold(planned);
    std::string sentence = error.what();
    if (!nearest.empty()) sentence += fmt::format("; the nearest that {} holds is {}", target.name, nearest);
    if (!others.empty()) sentence += "; this one is held by " + join(others, ", ");
    throw_usage(sentence);
  }
}

/// What the values of tensors are compared with: those that they were made of, where the two correspond.
void add_originals(const OpenModel& model, emit::EmitModel& finished) {
  for (emit::EmitTensor& tensor : finished.tensors) {
    const graph::SourcePtr& original = model.graph().value(tensor.value).weight.source;
    if (original->shape() == tensor.source->shape()) tensor.original = original;
  }
}

void add_values(const emit::ReadBack& found, std::vector<TensorPlan>& tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    tensors[i].hash = found.tensors[i].hash;
    tensors[i].relative_error = found.tensors[i].relative_error;
  }
}

/// Of a file that was cut into parts none has its name.
void name_parts(const emit::Emission& emission, WrittenOutput& output, std::vector<std::string>& notes) {
  const auto files = emission.readable_files();
  const std::string name = file_name(output.path);
  if (std::any_of(files.begin(), files.end(), [&](const emit::WrittenFile& file) { return file.name == name; })) return;
  notes.push_back(fmt::format("{} was cut into {} parts, {} to {}; any of them leads to the others", name, files.size(),
                              files.front().name, files.back().name));
  output.path.replace(output.path.size() - name.size(), name.size(), files.front().name);
}

/// Gives complete outputs their names, each with its manifest.
void commit(const std::vector<PlannedOutput>& outputs, const emit::Manifest& run, QuantizeResult& result) {
  std::vector<std::string> manifests;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const emit::Emission& emission = *outputs[i].emission;
    emit::Manifest manifest = api::finish_manifest(run, *outputs[i].request, result.outputs[i], emission);
    manifest.tensors = outputs[i].tensors;
    manifests.push_back(emit::to_json(manifest).dump(1) + "\n");
    const std::string written = emission.readable_path();
    if (is_directory(written)) write_file(emit::manifest_path(written, true), manifests.back());
    if (!is_directory(written)) name_parts(emission, result.outputs[i], result.notes);
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    outputs[i].emission->commit();
    const std::string& path = outputs[i].request->path;
    result.outputs[i].manifest = emit::manifest_path(path, is_directory(path));
    if (!is_directory(path)) write_file(result.outputs[i].manifest, manifests[i]);
  }
}

}  // namespace

QuantizeResult quantize(const QuantizeOptions& options, const Resources& resources) {
  const api::Session session(resources);
  if (options.outputs.empty()) throw_usage("quantize needs an output; give -o PATH");
  const OpenModel original(options.model);
  QuantizeResult result;
  result.notes = original.notes();
  api::check_calibration(options.calibration);
  QuantizationChoice choice = complete_choice(options, original, result.chosen);
  if (options.target.given()) aim(options, original, resources, choice, result);
  // For the manifest: a rewritten model is made from the choice without what rewrote it.
  const QuantizationChoice chosen = choice;
  api::RewrittenModels rewritten(original);
  const OpenModel& model = rewritten.get(choice);
  result.notes.insert(result.notes.end(), rewritten.notes().begin(), rewritten.notes().end());
  quant::Candidate candidate = api::make_candidate(model, choice, result.chosen);
  refuse_requantization(model, candidate, options.allow_requantize);
  if (!original.checkpoint().activations.empty() && choice.activations.empty()) {
    result.notes.push_back("the rounding of activations that the model asks for is left out; --activations adds one");
  }

  std::vector<PlannedOutput> outputs;
  emit::EmitModel planned = api::emit_model(model, candidate, false);
  if (!options.name.empty()) planned.name = options.name;
  for (const OutputRequest& request : options.outputs) {
    refuse_to_overwrite_source(model, request.path);
    const emit::TargetInfo& target = emit::target_for(request.path, request.format);
    note_unknown_ending(request, target, result.notes);
    if (!api::writes(target, model)) refuse_target(target, request.path);
    planned.output = request.path;
    emit::check_options(target, request.options);
    outputs.push_back({&request, &target, plan_output(target, request, planned)});
    refuse_to_overwrite_parts(model, outputs.back().emission->file_paths(request.path));
    const bool listed = std::any_of(result.exactness.begin(), result.exactness.end(),
                                    [&](const TargetExactness& row) { return row.format == target.name; });
    if (!options.dry_run && !listed) result.exactness.push_back({std::string(target.name), true});
  }
  candidate.folded_dtype = folded_dtype(model, outputs);
  for (PlannedOutput& output : outputs) {
    output.tensors = api::tensor_plans(model, candidate, planned, output.emission.get());
  }
  result.tensors = outputs.front().tensors;
  if (std::string note = api::fallback_note(model, candidate); !note.empty()) result.notes.push_back(std::move(note));
  if (std::string note = api::transform_note(choice, candidate); !note.empty()) {
    result.notes.push_back(std::move(note));
  }
  for (std::string& note : api::unused_notes(model, choice, {&candidate})) result.notes.push_back(std::move(note));
  if (candidate.structure != nullptr) {
    result.notes.insert(result.notes.end(), candidate.structure->removed.begin(), candidate.structure->removed.end());
  }
  const auto memory = api::expected_memory(model, candidate, options.calibration, thread_count());
  if (!options.dry_run) session.check(memory.working);
  result.expected_ram = memory.total(session.set_aside(memory.working));
  for (const PlannedOutput& output : outputs) {
    WrittenOutput written;
    written.path = output.request->path;
    written.format = output.target->name;
    written.bytes = output.emission->bytes();
    written.bits_per_weight =
        8.0 * static_cast<double>(output.emission->tensor_bytes()) / static_cast<double>(original.parameters());
    result.outputs.push_back(std::move(written));
    for (std::string& note : output.emission->notes()) {
      const bool said = std::find(result.notes.begin(), result.notes.end(), note) != result.notes.end();
      if (!said) result.notes.push_back(std::move(note));
    }
  }
  if (options.dry_run) {
    result.exactness = emit::exactness_of_all(planned);
    return result;
  }
  if (options.planned) options.planned(result);

  for (PlannedOutput& output : outputs) output.emission->open(output.request->path, options.force);
  api::Calibration calibration;
  if (quant::needs_data(candidate)) {
    calibration = api::calibration_data(model, options.calibration, result.notes);
    rewritten.check(calibration.data);
  } else if (options.calibration.given() && !options.target.given()) {
    result.notes.push_back("the calibration data are not used: the method needs none");
  }
  const api::Teacher teacher(choice.teacher, model, {&candidate});
  calibration.data.teacher = teacher.walker();
  quant::Quantizer quantizer(model.walker(), {&candidate}, calibration.data, session.budget());
  if (quantizer.walks()) {
    const auto& blocks = model.walker().plan().blocks;
    session.start("quantizing", static_cast<std::int64_t>(blocks.size()));
    for (const sweep::Block& block : blocks) {
      quantizer.process_block(block, model.walker().prepare_block(block, nullptr, nullptr));
      session.change_phase();
      session.step();
    }
    session.finish();
    quantizer.finish();
  }
  emit::EmitModel finished = api::emit_model(model, candidate, true);
  finished.name = planned.name;
  if (!quant::transforms_weights(candidate)) add_originals(model, finished);
  session.start("writing", static_cast<std::int64_t>(2 * outputs.size()));
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    outputs[i].emission->write(finished);
    session.step();
    emit::EmitModel expected = finished;
    for (std::size_t t = 0; t < expected.tensors.size(); ++t) {
      expected.tensors[t].source = outputs[i].emission->as_read(t, std::move(expected.tensors[t].source));
    }
    const emit::ReadBack found = emit::read_back(outputs[i].emission->readable_path(), expected);
    result.outputs[i].weights_hash = found.weights_hash;
    add_values(found, outputs[i].tensors);
    session.step();
  }
  result.tensors = outputs.front().tensors;
  QuantizeOptions request = options;
  request.choice = chosen;
  request.name = planned.name;
  commit(outputs, api::start_manifest(request, result), result);
  session.finish();
  for (std::string& note : quant::ledger_notes(candidate.ledger)) result.notes.push_back(std::move(note));
  if (std::string note = quant::held_out_summary(candidate.ledger); !note.empty()) {
    result.notes.push_back(std::move(note));
  }
  result.sites = std::move(candidate.ledger);
  result.seconds = session.seconds();
  result.peak_ram_bytes = peak_ram_bytes();
  return result;
}

}  // namespace kerf
