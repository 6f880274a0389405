#include <memory>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/option_groups.h"
#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "formats/gguf/importance.h"
#include "quant/option_use.h"
#include "report/calibration.h"

namespace kerf::cli {
namespace {

struct Options {
  explicit Options(CLI::App& app)
      : model(app, "Hugging Face directory, .safetensors, .gguf or .onnx file", false),
        output(add_value(app, "-o,--output", "FILE", "statistics to write")),
        imatrix(add_value(app, "--imatrix", "FILE", "importance matrix to write, for llama.cpp's quantizer")),
        imatrix_in(add_value(app, "--imatrix-in", "FILE",
                             "instead of text, an importance matrix of llama.cpp (GGUF or the older .dat)")),
        hessian(add_flag(app, "--hessian", "keep the full matrices that gptq needs, not only their diagonals")),
        merge(add_list(app, "--merge", "FILE", "instead of running a model, add up statistics saved before")),
        adapters(app, "--lora", "MODEL"),
        json(app),
        calibration(app),
        resources(app) {}
  ModelOptions model;
  const CLI::Option *output, *imatrix, *imatrix_in, *hessian, *merge;
  AdapterOption adapters;
  JsonOption json;
  CalibrationGroup calibration;
  ResourceOptions resources;
};

CalibrateResult merge(const Options& options) {
  if (options.model.given() || options.calibration.given() || is_set(options.hessian) || is_given(options.imatrix) ||
      is_given(options.imatrix_in) || !options.adapters.read().empty()) {
    throw_usage("--merge adds up saved statistics: it takes no MODEL, text, --lora, --hessian or --imatrix");
  }
  const auto output = value_of(options.output);
  if (!output) throw_usage("--merge needs -o FILE, the statistics to write");
  if (values_of(options.merge).size() < 2) throw_usage("--merge needs at least two files");
  return merge_statistics(values_of(options.merge), *output);
}

CalibrateOptions read(const Options& options) {
  if (!options.model.given()) throw_usage("calibrate needs MODEL, or --merge with files saved before");
  CalibrateOptions calibrate;
  calibrate.model = options.model.read();
  calibrate.model.adapters = options.adapters.read();
  calibrate.calibration = options.calibration.read();
  if (const auto importance = value_of(options.imatrix_in)) {
    if (calibrate.calibration.given()) throw_usage("--imatrix-in stands in place of text; leave out one of them");
    if (path_exists(*importance) && !formats::gguf::is_importance_file(*importance)) {
      throw_input(*importance, "", "is no importance matrix of llama.cpp; --calibration reads text");
    }
    calibrate.calibration.text.files = {*importance};
  }
  if (!calibrate.calibration.given()) {
    throw_usage("calibrate needs text: --calibration FILE, or --tokens IDS");
  }
  calibrate.hessian = is_set(options.hessian);
  calibrate.output = value_or(options.output, "");
  calibrate.importance_output = value_or(options.imatrix, "");
  if (calibrate.output.empty() && calibrate.importance_output.empty()) {
    throw_usage("calibrate needs -o FILE, the statistics to write, or --imatrix FILE");
  }
  return calibrate;
}

int run(Options& options) {
  options.json.prepare();
  const bool merges = is_given(options.merge);
  const CalibrateResult result = merges ? merge(options) : calibrate(read(options), options.resources.read());
  const std::string output = value_or(options.output, ""), importance = value_or(options.imatrix, "");
  options.json.write(report::to_json(result, output, importance),
                     [&] { return report::to_text(result, output, importance); });
  return 0;
}

/// "The methods gptaq, yaqa".
std::string methods_by_text() {
  std::vector<std::string> names;
  for (const quant::MethodInfo* method : quant::methods()) {
    if (quant::watches_model(*method)) names.emplace_back(method->name);
  }
  return "The methods " + join(names, ", ");
}

std::function<int()> define(CLI::App& app) {
  return [options = std::make_shared<Options>(app)] { return run(*options); };
}

}  // namespace

const Command& calibrate_command() {
  static const Command command{
      .name = "calibrate",
      .summary = "save statistics of a model's activations for later runs",
      .usage = "MODEL --calibration FILE [-o FILE] [--imatrix FILE] [OPTION]...  |  --merge FILE... -o FILE",
      .description =
          std::string(
              "Runs text through the model once and keeps statistics of what each weight multiplies. With "
              "--no-sequential "
              "the file stands for the text of --calibration where they suffice: for rounding methods that look at "
              "nothing else, pruning and static activations. ") +
          methods_by_text() +
          ", transforms and targets need text. Statistics of two texts merged are those of both texts together.",
      .lists = {},
      .examples = {{"kerf calibrate MODEL --calibration calibration.txt --hessian -o statistics.safetensors", "once"},
                   {"kerf quantize MODEL -o model.gguf --no-sequential --calibration statistics.safetensors",
                    "as often as wanted"},
                   {"kerf calibrate MODEL --calibration calibration.txt --imatrix imatrix.gguf",
                    "for llama-quantize --imatrix"},
                   {"kerf calibrate --merge a.safetensors b.safetensors -o both.safetensors", "two texts as one"}},
      .define = define,
  };
  return command;
}

}  // namespace kerf::cli
