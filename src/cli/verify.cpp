#include <memory>

#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/option_groups.h"
#include "core/error.h"
#include "core/strings.h"
#include "report/verification.h"

namespace kerf::cli {
namespace {

/// --manifest without a file: the one that is found.
constexpr const char* kBeside = "found";

struct Options {
  explicit Options(CLI::App& app)
      : original(app, "model that the candidate was made from, or a manifest alone", false, "ORIGINAL"),
        candidate(add_positional(app, "CANDIDATE", "quantized model: any file or folder that kerf reads", false)),
        rest(add_positional(app, "MANIFEST", "manifest, where it is not beside or inside the candidate", false)),
        rederive(add_optional_value(app, "--manifest", "FILE",
                                    "make the files again from the manifest, and compare them byte by byte", kBeside)),
        calibration(add_repeatable(app, "--calibration", "FILE",
                                   "with --manifest: where a calibration file of the manifest is now")),
        verbose(add_flag(app, "-v,--verbose", "also list the figures of every tensor")),
        json(app),
        resources(app) {}
  ModelOptions original;
  const CLI::Option *candidate, *rest, *rederive, *calibration, *verbose;
  JsonOption json;
  ResourceOptions resources;
};

bool names_manifest(const std::string& word) { return ends_with(word, ".json"); }

VerifyOptions read(const Options& options) {
  VerifyOptions verify;
  verify.rederive = is_given(options.rederive);
  if (const std::string file = value_or(options.rederive, kBeside); file != kBeside) verify.manifest = file;
  verify.calibration = values_of(options.calibration);
  std::vector<ModelInput> models;
  std::vector<ModelInput> given;
  if (options.original.given()) given.push_back(options.original.read());
  for (const CLI::Option* option : {options.candidate, options.rest}) {
    if (is_given(option)) given.push_back(options.original.read_other(value_or(option, "")));
  }
  for (ModelInput& input : given) {
    if (!names_manifest(input.path)) {
      models.push_back(std::move(input));
    } else if (verify.manifest.empty()) {
      verify.manifest = input.path;
    } else {
      throw_usage(
          fmt::format("found two manifests, {} and {}", kerf::quoted(verify.manifest), kerf::quoted(input.path)));
    }
  }
  if (models.size() > 2) throw_usage(fmt::format("found {}, expected nothing more", kerf::quoted(models[2].path)));
  if (models.size() < 2 && verify.manifest.empty()) throw_usage("verify needs the original and the candidate");
  if (!models.empty()) verify.original = std::move(models.front());
  if (models.size() == 2) verify.candidate = std::move(models.back());
  return verify;
}

int run(Options& options) {
  const VerifyOptions verify_options = read(options);
  const bool verbose = is_set(options.verbose);
  const Resources resources = options.resources.read();
  options.json.prepare();
  const Verification result = verify(verify_options, resources);
  options.json.write(report::to_json(result), [&] { return report::to_text(result, verbose); });
  return result.passed ? 0 : 1;
}

std::function<int()> define(CLI::App& app) {
  return [options = std::make_shared<Options>(app)] { return run(*options); };
}

}  // namespace

const Command& verify_command() {
  static const Command command{
      .name = "verify",
      .summary = "check a quantized model against the one it was made from",
      .usage = "ORIGINAL CANDIDATE [MANIFEST] [OPTION]...",
      .description =
          "Opens both, looks for tensors that are missing, too many, of another shape, not finite or zero, compares "
          "every tensor's values with the original's and with what rounding to nearest would have made of them, and "
          "both tokenizers. Scales that awq or smoothquant moved between tensors are found and taken into account. "
          "Zero points that are off by one, groups with a wrong scale and single values far from all others are named."
          "\n\n"
          "A manifest (written by kerf quantize beside a file, or inside a folder) is found by itself; then every byte "
          "of the candidate's files is checked by its SHA-256, and every tensor's values by the hash of those that "
          "were measured. With "
          "--manifest the files are also made again from the same source, text and recipe, and must come out the same; "
          "what differs in the environment is named. Exit code 1: not verified.",
      .lists = {},
      .examples = {{"kerf verify MODEL model.gguf", "is this what was measured?"},
                   {"kerf verify --manifest MODEL model.gguf", "does the same recipe give the same bytes?"},
                   {"kerf verify MODEL somebodys-int4 --json=verify.json", "a file that somebody else made"}},
      .define = define,
  };
  return command;
}

}  // namespace kerf::cli
