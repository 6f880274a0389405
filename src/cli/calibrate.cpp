#include <memory>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/option_groups.h"
#include "core/error.h"
#include "report/calibration.h"

namespace kerf::cli {
namespace {

struct Options {
  explicit Options(CLI::App& app)
      : model(add_positional(app, "MODEL", "Hugging Face directory, .safetensors or .gguf file", false)),
        output(add_value(app, "-o,--output", "FILE", "statistics to write")),
        hessian(add_flag(app, "--hessian", "keep the full matrices that gptq needs, not only their diagonals")),
        merge(add_list(app, "--merge", "FILE", "instead of running a model, add up statistics saved before")),
        adapters(app, "--lora", "MODEL"),
        json(app),
        calibration(app),
        resources(app) {}
  const CLI::Option *model, *output, *hessian, *merge;
  AdapterOption adapters;
  JsonOption json;
  CalibrationGroup calibration;
  ResourceOptions resources;
};

CalibrateResult merge(const Options& options, const std::string& output) {
  if (is_given(options.model) || options.calibration.given() || is_set(options.hessian) ||
      !options.adapters.read().empty()) {
    throw_usage("--merge adds up saved statistics: it takes no MODEL, text, --lora or --hessian");
  }
  if (values_of(options.merge).size() < 2) throw_usage("--merge needs at least two files");
  return merge_statistics(values_of(options.merge), output);
}

CalibrateResult collect(Options& options, const std::string& output) {
  const auto model = value_of(options.model);
  if (!model) throw_usage("calibrate needs MODEL, or --merge with files saved before");
  if (!options.calibration.given()) throw_usage("calibrate needs text: --calibration FILE, or --tokens IDS");
  ModelInput input = *model;
  input.adapters = options.adapters.read();
  const CalibrationOptions calibration = options.calibration.read();
  const bool hessian = is_set(options.hessian);
  return calibrate(input, calibration, hessian, output, options.resources.read());
}

int run(Options& options) {
  const auto output = value_of(options.output);
  if (!output) throw_usage("calibrate needs -o FILE, the statistics to write");
  options.json.prepare();
  const CalibrateResult result = is_given(options.merge) ? merge(options, *output) : collect(options, *output);
  options.json.write(report::to_json(result, *output), [&] { return report::to_text(result, *output); });
  return 0;
}

std::function<int()> define(CLI::App& app) {
  return [options = std::make_shared<Options>(app)] { return run(*options); };
}

}  // namespace

const Command& calibrate_command() {
  static const Command command{
      .name = "calibrate",
      .summary = "save statistics of a model's activations for later runs",
      .usage = "MODEL --calibration FILE -o FILE [--hessian] [OPTION]...  |  --merge FILE... -o FILE",
      .description =
          "Runs text through the model once and keeps what methods and transforms ask for. The file stands for the "
          "text "
          "wherever --calibration is an option. Statistics of two texts merged are those of both texts together.",
      .lists = {},
      .examples = {{"kerf calibrate MODEL --calibration calibration.txt --hessian -o statistics.safetensors", "once"},
                   {"kerf quantize MODEL -o model.gguf --no-sequential --calibration statistics.safetensors",
                    "as often as wanted"},
                   {"kerf calibrate --merge a.safetensors b.safetensors -o both.safetensors", "two texts as one"}},
      .define = define,
  };
  return command;
}

}  // namespace kerf::cli
