#include <memory>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/option_groups.h"
#include "report/inspection.h"

namespace kerf::cli {
namespace {

struct Options {
  explicit Options(CLI::App& app)
      : model(app, "Hugging Face directory, .safetensors, .gguf or .onnx file"),
        context(add_value(app, "--context", "N", "tokens that the KV cache and the activations are counted for",
                          "the model's own")),
        adapters(app, "--lora", "MODEL"),
        json(app) {}
  ModelOptions model;
  const CLI::Option* context;
  AdapterOption adapters;
  JsonOption json;
};

int run(Options& options) {
  const std::int64_t context = integer_or(options.context, 0, 1);
  options.json.prepare();
  ModelInput model = options.model.read();
  model.adapters = options.adapters.read();
  const Inspection inspection = inspect(model, context);
  options.json.write(report::to_json(inspection), [&] { return report::to_text(inspection); });
  return 0;
}

std::function<int()> define(CLI::App& app) {
  return [options = std::make_shared<Options>(app)] { return run(*options); };
}

}  // namespace

const Command& inspect_command() {
  static const Command command{
      .name = "inspect",
      .summary = "say what a model is: shape, tensors, bits per weight, memory to run",
      .usage = "MODEL [OPTION]...",
      .description =
          "Reads only headers and configuration. For a quantized model the dtype of a tensor is its scheme. The memory "
          "table adds up weights, KV cache and activations at each precision.",
      .lists = {{"Model families", families}, {"Roles of tensors", roles}},
      .examples = {{"kerf inspect model.gguf", "what is in a file"},
                   {"kerf inspect MODEL --json | jq .memory", "memory to run, for a script"}},
      .define = define,
  };
  return command;
}

}  // namespace kerf::cli
