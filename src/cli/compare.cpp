#include <memory>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/document_options.h"
#include "cli/json_output.h"
#include "cli/option_groups.h"
#include "core/error.h"
#include "core/strings.h"
#include "report/attribution.h"
#include "report/comparison.h"
#include "report/document.h"

namespace kerf::cli {
namespace {

struct Options {
  explicit Options(CLI::App& app)
      : model(app, "the reference: Hugging Face directory, .safetensors, .gguf or .onnx file"),
        candidates(add_list(
            app, "--candidate", "SPEC",
            "what to measure: scheme[/method[+part...]][@activations[/range]], parts being transforms and prunings "
            "(wanda:50%); rtn if it names no method, with calibration data too; in place of the scheme also a "
            "recipe (its name, recipe:NAME, a .yaml file), or the path of a quantized model; may be given several "
            "times")),
        attribute(add_flag(app, "--attribute",
                           "also measure what each weight of each candidate costs by itself, and what is saved if it "
                           "alone stays as it is; twice as many runs as there are quantized weights")),
        attribute_windows(add_value(app, "--attribute-windows", "N", "windows of the text for that", "8")),
        adapters(app, "--lora", "MODEL"),
        json(app),
        documents(app, document_names(report::documents())),
        evaluation(app),
        calibration(app, &evaluation),
        choice(app, false),
        resources(app) {}
  ModelOptions model;
  const CLI::Option *candidates, *attribute, *attribute_windows;
  AdapterOption adapters;
  JsonOption json;
  DocumentOptions documents;
  EvaluationGroup evaluation;
  CalibrationGroup calibration;
  ChoiceGroup choice;
  ResourceOptions resources;
};

CompareOptions read(const Options& options) {
  CompareOptions compare;
  compare.model = options.model.read();
  compare.model.adapters = options.adapters.read();
  compare.candidates = values_of(options.candidates);
  if (compare.candidates.empty()) throw_usage("compare needs --candidate SPEC, such as --candidate int8 int4-g32");
  compare.evaluation = options.evaluation.read("compare");
  compare.calibration = options.calibration.read();
  TextSource::share(compare.evaluation.text, compare.calibration.text);
  compare.defaults = options.choice.read();
  if (is_given(options.attribute_windows) && !is_set(options.attribute)) {
    throw_usage("--attribute-windows needs --attribute");
  }
  return compare;
}

/// Of the candidates that are made here. One whose weights cannot be looked at alone is noted: the others, and what was
/// measured of it, stand.
std::vector<Attribution> attribute_all(const Options& options, const CompareOptions& compare,
                                       const Resources& resources, Comparison& comparison) {
  std::vector<Attribution> attributions;
  for (const std::string& spec : compare.candidates) {
    if (names_a_model(spec)) continue;
    AttributeOptions attribute_options;
    attribute_options.model = compare.model;
    attribute_options.candidate = spec;
    attribute_options.defaults = compare.defaults;
    attribute_options.calibration = compare.calibration;
    attribute_options.evaluation = compare.evaluation;
    attribute_options.windows = integer_or(options.attribute_windows, 8, 1);
    try {
      attributions.push_back(attribute(attribute_options, resources));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUsage) throw;
      std::string why = error.what();
      if (starts_with(why, spec + ": ")) why.erase(0, spec.size() + 2);
      for (auto& candidate : comparison.candidates) {
        if (candidate.spec == spec) candidate.notes.push_back("attribution: " + why);
      }
    }
  }
  return attributions;
}

Json with_attributions(Json comparison, const std::vector<Attribution>& attributions) {
  Json::Array list;
  for (const Attribution& attribution : attributions) list.push_back(report::to_json(attribution));
  if (!list.empty()) comparison.set("attributions", std::move(list));
  return comparison;
}

int run(Options& options) {
  const CompareOptions compare_options = read(options);
  const Resources resources = options.resources.read();
  options.json.prepare();
  options.documents.prepare();
  Comparison comparison = compare(compare_options, resources);
  comparison.provenance.command = command_line();
  const auto attributions = is_set(options.attribute) ? attribute_all(options, compare_options, resources, comparison)
                                                      : std::vector<Attribution>{};
  options.documents.write([&](std::size_t i) { return report::documents()[i]->write(comparison); });
  options.json.write(with_attributions(report::to_json(comparison), attributions), [&] {
    std::string text = report::to_text(comparison);
    for (const Attribution& attribution : attributions) text += "\n" + report::to_text(attribution);
    return text + options.resources.limits_line();
  });
  return 0;
}

std::function<int()> define(CLI::App& app) {
  return [options = std::make_shared<Options>(app)] { return run(*options); };
}

}  // namespace

const Command& compare_command() {
  static const Command command{
      .name = "compare",
      .summary = "measure several precisions of a model side by side",
      .usage = "MODEL --text FILE --candidate SPEC... [--calibration FILE] [OPTION]...",
      .description =
          "Quantizes in memory and measures; nothing is written. The model and all candidates go through the text "
          "together, so the weights are read once and the KL divergence needs no file of logits. Bytes are those of "
          "the files that kerf quantize would write.",
      .lists = {{"Schemes", schemes},
                {"Methods", methods},
                {"Transforms", transforms},
                {"Pruning", pruners},
                {"Recipes", recipes},
                {"Activations", activations},
                {"Ranges of static activations", activation_ranges},
                {"Protocols", protocols}},
      .examples = {{"kerf compare MODEL --text evaluation.txt --candidate f16 int8 int4-g32/rtn",
                    "three precisions, none of which needs calibration"},
                   {"kerf compare MODEL --text evaluation.txt --calibration calibration.txt --candidate "
                    "int4-g32/gptq int4-g32/gptq+awq --json=compare.json",
                    "two calibrated ones, also as JSON"},
                   {"kerf compare MODEL --text evaluation.txt --calibration calibration.txt --candidate "
                    "int8/rtn+smoothquant@int8-dynamic int8@int8-static/percentile-99.9 f16@int8-dynamic",
                    "rounded activations: for each token, calibrated, and with plain weights"},
                   {"kerf compare MODEL --text evaluation.txt --calibration calibration.txt --candidate "
                    "f16/wanda:50% f16/sparsegpt:2:4 int4-g32/gptq+sparsegpt:2:4",
                    "pruned weights, alone and rounded"}},
      .define = define,
  };
  return command;
}

}  // namespace kerf::cli
