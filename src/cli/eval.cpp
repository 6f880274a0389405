#include <memory>

#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/option_groups.h"
#include "core/error.h"
#include "report/evaluation.h"

namespace kerf::cli {
namespace {

struct Options {
  explicit Options(CLI::App& app)
      : model(app, "Hugging Face directory, .safetensors, .gguf or .onnx file"),
        reference(add_value(app, "--reference", "REF",
                            "model to measure the drift from: KL divergence and agreement of the predictions")),
        adapters(app, "--lora", "MODEL"),
        reference_adapters(app, "--reference-lora", "REF"),
        json(app),
        evaluation(app),
        resources(app) {}
  ModelOptions model;
  const CLI::Option* reference;
  AdapterOption adapters, reference_adapters;
  JsonOption json;
  EvaluationGroup evaluation;
  ResourceOptions resources;
};

int run(Options& options) {
  const EvaluationOptions evaluation = options.evaluation.read("eval");
  const Resources resources = options.resources.read();
  options.json.prepare();
  ModelInput model = options.model.read(), reference = options.model.read_other(value_or(options.reference, ""));
  model.adapters = options.adapters.read();
  reference.adapters = options.reference_adapters.read();
  if (reference.path.empty() && !reference.adapters.empty()) throw_usage("--reference-lora needs --reference REF");
  const Evaluation result = evaluate(model, reference, evaluation, resources);
  options.json.write(report::to_json(result),
                     [&] { return report::to_text(result) + options.resources.limits_line(); });
  return 0;
}

std::function<int()> define(CLI::App& app) {
  return [options = std::make_shared<Options>(app)] { return run(*options); };
}

}  // namespace

const Command& eval_command() {
  static const Command command{
      .name = "eval",
      .summary = "measure perplexity, and the drift from a reference",
      .usage = "MODEL --text FILE [--reference REF] [OPTION]...",
      .description =
          "Perplexity with its standard error: of a masked language model at masked tokens, of an encoder with a "
          "decoder over what the decoder writes. Of a classifier instead how often it finds each class in the lines of "
          "the text, and its accuracy if the lines (.jsonl) have a key label. With --reference also the KL divergence "
          "from the reference's predictions (nats per token or line), how often both find the same token or class most "
          "likely (top-1), the share of the reference's five most likely tokens that are among the model's five "
          "(top-5), and the root mean square change of the probability of the right one. Figures of different "
          "protocols "
          "or contexts cannot be compared.",
      .lists = {{"Protocols", protocols}},
      .examples = {{"kerf eval MODEL --text evaluation.txt", "perplexity"},
                   {"kerf eval model.gguf --reference MODEL --text evaluation.txt --json=eval.json",
                    "what the file lost, also as JSON"},
                   {"kerf eval model.gguf --reference MODEL --reference-lora ADAPTER --text evaluation.txt",
                    "the same of a file made from a fine-tuned model"}},
      .define = define,
  };
  return command;
}

}  // namespace kerf::cli
