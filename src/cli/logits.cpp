#include <memory>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/json_output.h"
#include "cli/option_groups.h"
#include "core/error.h"
#include "report/predictions.h"

namespace kerf::cli {
namespace {

constexpr int kTop = 10;

struct Options {
  explicit Options(CLI::App& app)
      : model(app, "Hugging Face directory, .safetensors, .gguf or .onnx file"),
        inputs(add_value(app, "--inputs", "FILE",
                         ".safetensors with tensors named as the model's inputs, input_ids for one; a tensor called "
                         "logits is ignored")),
        output(add_value(app, "-o,--output", "FILE", ".safetensors to write, with the tensor logits")),
        prompt(
            add_value(app, "--prompt", "TEXT",
                      "instead of files, print what a text lets the model predict: the token after it, the tokens at "
                      "its masks, or a classifier's labels")),
        top(add_value(app, "--top", "N", "how many, the most likely ones", std::to_string(kTop))),
        adapters(app, "--lora", "MODEL"),
        json(app),
        resources(app) {}
  ModelOptions model;
  const CLI::Option *inputs, *output, *prompt, *top;
  AdapterOption adapters;
  JsonOption json;
  ResourceOptions resources;
};

int look(Options& options, const ModelInput& model, const std::string& prompt) {
  if (is_given(options.inputs) || is_given(options.output)) {
    throw_usage("--prompt prints to standard output; it takes neither --inputs nor --output");
  }
  constexpr std::int64_t kMost = 100000;
  const auto count = static_cast<int>(integer_or(options.top, kTop, 1, kMost));
  const Resources resources = options.resources.read();
  options.json.prepare();
  const auto predictions = predict(model, prompt, count, resources);
  options.json.write(report::predictions_json(predictions), [&] { return report::predictions_text(predictions); });
  return 0;
}

int run(Options& options) {
  ModelInput model = options.model.read();
  model.adapters = options.adapters.read();
  if (const auto prompt = value_of(options.prompt)) return look(options, model, *prompt);
  const auto inputs = value_of(options.inputs);
  const auto output = value_of(options.output);
  if (!inputs || !output) throw_usage("logits needs --inputs FILE and --output FILE, or --prompt TEXT");
  logits(model, *inputs, *output, options.resources.read());
  return 0;
}

std::function<int()> define(CLI::App& app) {
  return [options = std::make_shared<Options>(app)] { return run(*options); };
}

}  // namespace

const Command& logits_command() {
  static const Command command{
      .name = "logits",
      .summary = "one forward pass: inputs in, logits out",
      .usage = "MODEL --inputs FILE --output FILE  |  MODEL --prompt TEXT",
      .description = "For checking a model against another implementation, or for a look at what it predicts.",
      .lists = {},
      .examples = {{"kerf logits MODEL --inputs inputs.safetensors --output logits.safetensors", "tensors in and out"},
                   {"kerf logits MODEL --prompt 'Fellow citizens'",
                    "the ten most likely next tokens; of a classifier its labels"},
                   {"kerf logits MODEL --prompt 'Fellow [MASK]'",
                    "of a masked language model, the ten most likely tokens there"}},
      .define = define,
  };
  return command;
}

}  // namespace kerf::cli
