#include "kerf/gate.h"

#include <memory>

#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/document_options.h"
#include "cli/json_output.h"
#include "cli/option_groups.h"
#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "report/evaluation.h"
#include "report/gate/document.h"

namespace kerf::cli {
namespace {

struct Options {
  explicit Options(CLI::App& app)
      : first(app, "report of kerf eval or kerf compare (--json=FILE), or the reference of a pair of models"),
        candidate(add_positional(app, "CANDIDATE", "model to measure against that reference now", false)),
        policy(add_value(app, "--policy", "FILE", "limits to keep, as YAML")),
        save(add_value(app, "--report", "FILE", "of a pair of models: what was measured, as JSON; a later baseline")),
        json(app),
        documents(app, document_names(report::gate_documents())),
        evaluation(app),
        resources(app) {}
  ModelOptions first;
  const CLI::Option *candidate, *policy, *save;
  JsonOption json;
  DocumentOptions documents;
  EvaluationGroup evaluation;
  ResourceOptions resources;
};

GateResult check_pair(Options& options, const std::string& candidate, const std::string& policy) {
  const EvaluationOptions evaluation = options.evaluation.read("gate");
  const Resources resources = options.resources.read();
  check_policy(policy);
  std::unique_ptr<OutputFile> saved;
  if (const auto path = value_of(options.save)) saved = std::make_unique<OutputFile>(*path);
  Evaluation measured = evaluate(options.first.read_other(candidate), options.first.read(), evaluation, resources);
  measured.provenance.command = command_line();
  if (saved) {
    saved->write(report::to_json(measured).dump(2) + "\n");
    saved->commit();
  }
  return gate(measured, policy);
}

GateResult check_report(const Options& options, const std::string& policy) {
  if (options.evaluation.given() || is_given(options.save)) {
    throw_usage("gate measures nothing when it is given a report: it needs REFERENCE, CANDIDATE and --text for that");
  }
  const std::string report = options.first.read().path;
  if (is_directory(report)) {
    throw_usage(
        fmt::format("{} is a folder: gate needs a report (kerf compare --json=FILE), or REFERENCE CANDIDATE "
                    "--text FILE to measure first",
                    quoted(report)));
  }
  return gate(report, policy);
}

int run(Options& options) {
  const auto policy = value_of(options.policy), candidate = value_of(options.candidate);
  if (!policy) throw_usage("gate needs --policy FILE");
  options.json.prepare();
  options.documents.prepare();
  const GateResult result = candidate ? check_pair(options, *candidate, *policy) : check_report(options, *policy);
  options.documents.write([&](std::size_t i) { return report::gate_documents()[i]->write(result); });
  options.json.write(report::to_json(result), [&] { return report::to_text(result); });
  constexpr int kNotPassed = 1;
  return result.passed() ? 0 : kNotPassed;
}

std::function<int()> define(CLI::App& app) {
  return [options = std::make_shared<Options>(app)] { return run(*options); };
}

}  // namespace

const Command& gate_command() {
  static const Command command{
      .name = "gate",
      .summary = "check measurements against a policy, for CI",
      .usage = "(REPORT.json | REFERENCE CANDIDATE --text FILE) --policy FILE [OPTION]...",
      .description =
          "Exit status 0 if every check of the policy passed, 1 if not, 3 if the policy or the report is malformed. "
          "What cannot be decided does not pass: a figure that the report does not have, too little text, a threshold "
          "below the evaluator's own noise, a comparison with the baseline that is inconclusive.\n\n"
          "A policy: limits: {kl_mean: {max: 0.01, bound: upper}, top1_agreement: {min: 95%}, bytes: {max: 14MB}}, and "
          "if "
          "wanted baseline: FILE (a report beside the policy; limits may then be max_increase: 1% or max_decrease), "
          "margin: 0.5% (what perplexity and KL may lose to it), min_tokens: 1000, candidates: [\"int8*\"], about: a "
          "line of text. bound is the end of the 95% interval that is compared: upper, lower, or value (default) for "
          "the figure itself.",
      .lists = {{"Figures", metrics}},
      .examples = {{"kerf gate compare.json --policy policy.yaml --junit gate.xml",
                    "what kerf compare --json measured"},
                   {"kerf gate MODEL model.gguf --text evaluation.txt --policy policy.yaml --markdown gate.md "
                    "--report measured.json",
                    "measure a file and check it; keep the figures as the next baseline"}},
      .define = define,
  };
  return command;
}

}  // namespace kerf::cli
