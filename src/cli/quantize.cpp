#include <memory>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/json_output.h"
#include "cli/option_groups.h"
#include "cli/output_requests.h"
#include "cli/target_options.h"
#include "report/quantization.h"

namespace kerf::cli {
namespace {

struct Options {
  explicit Options(CLI::App& app)
      : model(app, "Hugging Face directory, .safetensors, .gguf or .onnx file"),
        outputs(app),
        dry_run(add_flag(app, "--dry-run",
                         "only list each tensor's scheme, the exact bytes and the expected memory (with a target, "
                         "once the schemes are measured and chosen); write nothing")),
        force(add_flag(app, "--force", "replace an output folder that is not empty")),
        allow_requantize(add_flag(app, "--allow-requantize", "accept a model that is quantized already")),
        name(add_value(app, "--name", "TEXT", "the model's name in formats that hold one (gguf)",
                       "that of its file or folder")),
        verbose(add_flag(app, "-v,--verbose", "also list what the method did at each site")),
        adapters(app, "--lora", "MODEL"),
        json(app),
        choice(app, true),
        target(app),
        calibration(app),
        resources(app) {}
  ModelOptions model;
  OutputOptions outputs;
  const CLI::Option *dry_run, *force, *allow_requantize, *name, *verbose;
  AdapterOption adapters;
  JsonOption json;
  ChoiceGroup choice;
  TargetGroup target;
  CalibrationGroup calibration;
  ResourceOptions resources;
};

QuantizeOptions read(const Options& options) {
  QuantizeOptions quantize;
  quantize.model = options.model.read();
  quantize.model.adapters = options.adapters.read();
  quantize.outputs = options.outputs.read();
  quantize.choice = options.choice.read();
  quantize.calibration = options.calibration.read();
  quantize.target = options.target.read();
  TextSource::share(quantize.calibration.text, quantize.target.text);
  quantize.dry_run = is_set(options.dry_run);
  quantize.force = is_set(options.force);
  quantize.name = value_or(options.name, "");
  quantize.allow_requantize = is_set(options.allow_requantize);
  return quantize;
}

int run(Options& options) {
  QuantizeOptions quantize_options = read(options);
  const bool verbose = is_set(options.verbose);
  const Resources resources = options.resources.read();
  options.json.prepare();
  const bool announce =
      quantize_options.outputs.size() > 1 && !quantize_options.dry_run && !options.json.replaces_text();
  if (announce) {
    quantize_options.planned = [](const QuantizeResult& planned) { print(report::announcement_text(planned)); };
  }
  const QuantizeResult result = quantize(quantize_options, resources);
  options.json.write(report::to_json(result), [&] {
    const std::string text = quantize_options.dry_run ? report::plan_text(result)
                             : announce               ? report::rest_text(result, verbose)
                                                      : report::to_text(result, verbose);
    return text + options.resources.limits_line();
  });
  return 0;
}

std::function<int()> define(CLI::App& app) {
  return [options = std::make_shared<Options>(app)] { return run(*options); };
}

}  // namespace

const Command& quantize_command() {
  static const Command command{
      .name = "quantize",
      .summary = "cut a model's weights down and write compact files",
      .usage = "MODEL -o OUT [--format NAME] [--scheme NAME] [--calibration FILE] [OPTION]...",
      .description =
          "One run writes every -o from the same codes and scales, and reads each back: the values are bit-identical, "
          "and "
          "the hash says which. A format that cannot hold a scheme exactly is refused before any work. An output "
          "appears "
          "under its name only when it is complete.",
      .lists = {{"Formats", output_formats},
                {"Schemes", schemes},
                {"Methods", methods},
                {"Transforms", transforms},
                {"Pruning", pruners},
                {"Recipes", recipes},
                {"Activations", activations},
                {"Ranges of static activations", activation_ranges}},
      .examples = {{"kerf quantize MODEL -o model.gguf", "recipe and method by default; the first line names them"},
                   {"kerf quantize MODEL -o model.gguf -o model-int4 --scheme int4-g32 --method gptq --transform awq "
                    "--calibration calibration.txt",
                    "the same codes for llama.cpp and for vLLM"},
                   {"kerf quantize MODEL -o model.gguf --calibration calibration.txt --target-kl 0.01",
                    "a mixture of precisions: as small as that divergence allows"},
                   {"kerf quantize MODEL --lora ADAPTER --lora OTHER=0.5 -o model.gguf",
                    "a fine-tuned model in one step; with --scheme bf16 the merged model itself"},
                   {"kerf quantize MODEL -o model.gguf --scheme q4_0 --keep '*.down_proj.*' --dry-run",
                    "what would be written"}},
      .define = define,
  };
  return command;
}

}  // namespace kerf::cli
