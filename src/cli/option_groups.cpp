#include "cli/option_groups.h"

#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "cli/allocator.h"
#include "cli/arguments.h"
#include "core/error.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/quantities.h"
#include "core/strings.h"
#include "core/threads.h"
#include "quant/option_use.h"
#include "report/figures.h"

namespace kerf::cli {
namespace {

constexpr std::int64_t kMostThreads = 4096;
constexpr std::int64_t kMostTokens = std::int64_t{1} << 32;

/// "gptq 2, yaqa 16".
std::string sweeps_by_method() {
  std::vector<std::string> parts;
  for (const Polished& method : polished()) parts.push_back(fmt::format("{} {}", method.name, method.sweeps));
  return join(parts, ", ");
}

/// "gptq, yaqa: " before what an option does for them.
std::string for_readers(quant::MethodOption option) { return join(quant::readers_of(option), ", ") + ": "; }

/// Where temporary files go by custom.
std::string default_scratch() {
  const char* folder = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): nothing writes the environment
  return folder != nullptr && *folder != '\0' ? folder : Resources{}.scratch_folder;
}

}  // namespace

ResourceOptions::ResourceOptions(CLI::App& app) {
  const Heading heading(app, "Machine");
  threads_ = add_value(app, "--threads", "N", "processor threads", "what this process may use");
  max_ram_ = add_value(app, "--max-ram", "SIZE",
                       "memory for all that the run holds, such as 4G; kept values that do not fit go to a file in "
                       "--scratch, and a run that needs more at once is refused",
                       "what the machine or its cgroup gives");
  scratch_ = add_value(app, "--scratch", "DIR", "folder for that file", "$TMPDIR, or /tmp");
  quiet_ = add_flag(app, "-q,--quiet", "no progress bar");
}

Resources ResourceOptions::read() {
  resources_.threads = static_cast<int>(integer_or(threads_, 0, 1, kMostThreads));
  if (resources_.threads > 0) set_thread_count(resources_.threads);
  if (const auto size = value_of(max_ram_)) {
    resources_.max_ram = parse_bytes("--max-ram", *size);
    share_one_pool();
  }
  resources_.scratch_folder = value_or(scratch_, default_scratch());
  resources_.progress = is_set(quiet_) || !ProgressBar::is_useful() ? nullptr : &bar_;
  return resources_;
}

std::string ResourceOptions::limits_line() const {
  const std::uint64_t limit = resources_.max_ram > 0 ? resources_.max_ram : available_ram_bytes();
  return fmt::format("limits: {} (--threads), {} of memory (--max-ram)\n", report::counted(thread_count(), "thread"),
                     human_bytes(limit));
}

ModelOptions::ModelOptions(CLI::App& app, const std::string& text, bool required, const std::string& name)
    : model_(add_positional(app, name, text, required)) {
  const Heading heading(app, "Model");
  family_ = add_value(app, "--family", "NAME", "architecture, such as llama", "model_type in config.json");
  allow_bin_ =
      add_flag(app, "--allow-bin",
               "read PyTorch's pytorch_model.bin where there are no safetensors: its pickle as data, nothing in "
               "it is executed");
}

bool ModelOptions::given() const { return is_given(model_); }

ModelInput ModelOptions::read() const {
  const auto path = value_of(model_);
  if (!path) throw_usage(name_of(*model_) + " is missing");
  return read_other(*path);
}

ModelInput ModelOptions::read_other(std::string path) const {
  ModelInput input(std::move(path));
  input.family = value_or(family_, "");
  input.allow_bin = is_set(allow_bin_);
  return input;
}

AdapterOption::AdapterOption(CLI::App& app, const std::string& name, const std::string& model)
    : adapters_(add_repeatable(app, name, "DIR[=WEIGHT]",
                               "LoRA adapter as peft saves it, merged into the weights of " + model +
                                   " as they are read, in f32, times WEIGHT (1 unless given)")) {}

std::vector<Adapter> AdapterOption::read() const {
  constexpr double kLargestWeight = 1e6;
  std::vector<Adapter> adapters;
  for (const std::string& text : values_of(adapters_)) {
    const std::size_t equals = text.rfind('=');
    if (equals == std::string::npos || path_exists(text)) {
      adapters.push_back({text});
    } else {
      const double weight = parse_real(name_of(*adapters_), text.substr(equals + 1), -kLargestWeight, kLargestWeight);
      adapters.push_back({text.substr(0, equals), weight});
    }
  }
  return adapters;
}

TextSource::TextSource(CLI::App& app, const std::string& files, const std::string& files_text)
    : files_(add_repeatable(app, files, "FILE", files_text)),
      tokens_(add_value(app, "--tokens", "IDS",
                        "token ids instead of text, from .safetensors or .jsonl; needs no tokenizer")),
      tokenizer_(
          add_value(app, "--tokenizer", "PATH", "folder with a tokenizer, or a tokenizer.json", "the model's own")),
      mask_token_(add_value(app, "--mask-token", "ID", "id of a masked language model's mask token",
                            "what the tokenizer or the configuration names")),
      chat_(add_flag(
          app, "--chat",
          "make text of the messages on lines of .jsonl files, by the model's chat template; every token of it "
          "counts like any other")),
      chat_template_(add_value(app, "--chat-template", "FILE", "Jinja template for --chat", "the model's own")) {}

TextSource TextSource::second(CLI::App& app, const std::string& files, const std::string& files_text) {
  TextSource source;
  source.files_ = add_repeatable(app, files, "FILE", files_text);
  source.tokens_ = add_value(app, files + "-tokens", "IDS", "token ids instead, from .safetensors or .jsonl");
  return source;
}

bool TextSource::given() const { return is_given(files_) || (tokens_ != nullptr && is_given(tokens_)); }

TextInput TextSource::read() const {
  TextInput input;
  input.files = values_of(files_);
  if (tokens_ != nullptr) input.tokens_file = value_or(tokens_, "");
  if (tokenizer_ != nullptr) input.tokenizer = value_or(tokenizer_, "");
  if (mask_token_ != nullptr) input.mask_token = integer_or(mask_token_, input.mask_token, 0);
  if (chat_ != nullptr) input.chat = is_set(chat_);
  if (chat_template_ != nullptr) input.chat_template = value_or(chat_template_, "");
  if (!input.chat_template.empty() && !input.chat) throw_usage("--chat-template needs --chat");
  if (!input.files.empty() && !input.tokens_file.empty()) {
    throw_usage(fmt::format("{} and {} are both given; one of them is the text", name_of(*files_), name_of(*tokens_)));
  }
  return input;
}

void TextSource::share(const TextInput& from, TextInput& to) {
  to.tokenizer = from.tokenizer;
  to.mask_token = from.mask_token;
  to.chat = from.chat;
  to.chat_template = from.chat_template;
}

EvaluationGroup::EvaluationGroup(CLI::App& app) {
  const Heading heading(app, "Evaluation");
  text_ = TextSource(app, "--text",
                     "evaluation text: .txt, or .jsonl with a key text on each line (with --chat messages, for a "
                     "classifier also label)");
  protocol_ = add_value(app, "--protocol", "NAME", "how text is cut into windows and scored",
                        "the first below that suits the model");
  context_ =
      add_value(app, "--context", "N", "tokens in a window",
                "the protocol's, at most the model's: 2048 for gptq and lm-eval, 1024 for strided, 128 for pll, else "
                "512");
  stride_ = add_value(app, "--stride", "N", "strided: tokens between the beginnings of windows", "half the context");
  windows_ =
      add_value(app, "--windows,--chunks", "N", "measure only the first N windows, of a classifier lines", "all");
  kv_cache_ = add_value(app, "--kv-cache", "SCHEME",
                        "round the keys and values that attention reads, each token and head by itself: q8_0, q4_0, "
                        "int8, int4-g32-asym; not the reference's",
                        "f32");
  reverse_kl_ = add_flag(app, "--reverse-kl", "also measure KL(model || reference)");
  margin_ =
      add_value(app, "--margin", "X%",
                "change of the perplexity that does not matter: a candidate is equivalent if the whole interval of "
                "its change is within it; of KL differences as many nats",
                "0.5%");
}

EvaluationOptions EvaluationGroup::read(const std::string& command) const {
  EvaluationOptions options;
  options.text = text_.read();
  if (!text_.given()) throw_usage(command + " needs evaluation text: --text FILE, or --tokens IDS");
  options.protocol = value_or(protocol_, options.protocol);
  options.context = integer_or(context_, options.context, 1, kMostTokens);
  options.windows = integer_or(windows_, options.windows, 1);
  options.kv_cache = value_or(kv_cache_, "");
  options.stride = integer_or(stride_, 0, 1, kMostTokens);
  options.reverse_kl = is_set(reverse_kl_);
  if (const auto margin = value_of(margin_)) options.margin = parse_share("--margin", *margin, 0, 1);
  return options;
}

CalibrationGroup::CalibrationGroup(CLI::App& app, const EvaluationGroup* evaluation) {
  const Heading heading(app, "Calibration");
  const std::string files =
      "calibration text (.txt, or .jsonl with a key text or, with --chat, messages on each line); or one file of "
      "statistics saved by kerf calibrate, or one importance file of llama.cpp (imatrix, GGUF or .dat)";
  text_ =
      evaluation == nullptr ? TextSource(app, "--calibration", files) : TextSource::second(app, "--calibration", files);
  samples_ =
      add_value(app, "--samples", "N", "windows of calibration text", std::to_string(CalibrationOptions{}.samples));
  seed_ = add_value(app, "--seed", "N", "which windows are drawn", std::to_string(CalibrationOptions{}.seed));
  held_out_ = add_value(app, "--held-out", "X",
                        "share of those windows on which a method is checked beside rounding, which it gives way to "
                        "where it does worse; 0: none",
                        fmt::format("{}", CalibrationOptions{}.held_out));
  context_ = evaluation != nullptr ? evaluation->context()
                                   : add_value(app, "--context", "N", "tokens in a window", "512, at most the model's");
}

CalibrationOptions CalibrationGroup::read() const {
  CalibrationOptions options;
  options.text = text_.read();
  options.context = integer_or(context_, options.context, 1, kMostTokens);
  options.samples = integer_or(samples_, options.samples, 1);
  options.seed = static_cast<std::uint64_t>(integer_or(seed_, 0, 0));
  options.held_out = real_or(held_out_, options.held_out, 0, 0.5);
  return options;
}

ChoiceGroup::ChoiceGroup(CLI::App& app, bool with_scheme) {
  const Heading heading(app, "Quantization");
  if (with_scheme) {
    scheme_ = add_value(app, "--scheme", "NAME", "what is stored for the linear weights, or the name of a recipe",
                        "by the format of the output");
    method_ = add_value(app, "--method", "NAME", "how codes are chosen",
                        "gptq with calibration text or statistics, imatrix with an importance file, else rtn");
    transform_ = add_repeatable(app, "--transform", "NAME",
                                "rewrite before the codes are chosen that leaves the function unchanged, or a change "
                                "afterwards that makes up for rounding; several are separated by commas");
    prune_ = add_repeatable(app, "--prune", "NAME:HOW",
                            "values of the linear weights that become zero and stay so, before the others are rounded: "
                            "a share (wanda:50%) or all but N of each M consecutive inputs (sparsegpt:2:4)");
    activations_ =
        add_value(app, "--activations", "NAME[/RANGE]",
                  "round the inputs of linear layers too, as a runtime does that multiplies integers", "none");
    recipe_ = add_value(app, "--recipe", "NAME|FILE",
                        "rules for each kind of weight: a name below, or YAML; --scheme beside it is for the linear "
                        "weights that no rule is about");
  }
  activation_range_ = add_value(app, "--activation-range", "RANGE", "rule for the ranges of static activations", "mse");
  max_fallback_ = add_value(app, "--max-fallback", "X",
                            "share of the quantized values that may have another scheme than the recipe asks for, "
                            "because their rows do not fit it",
                            fmt::format("{}", QuantizationChoice{}.max_fallback));
  embedding_ = add_value(app, "--embedding", "SCHEME", "scheme of the embeddings", "the source's, F32 as f16");
  head_ = add_value(app, "--head", "SCHEME", "scheme of the output head", "the source's, F32 as f16");
  scale_dtype_ =
      add_value(app, "--scale-dtype", "DTYPE",
                "dtype of the scales, where the scheme leaves it open: f16, bf16, f32, e8m0 (powers of two) or "
                "f8_e4m3 (under a power of two of the tensor's own)",
                "f16");
  keep_ = add_repeatable(app, "--keep", "GLOB", "weights whose names match stay as they are");
  damping_ =
      add_value(app, "--damping", "X",
                for_readers(quant::MethodOption::kDamping) +
                    "fraction of the Hessian's mean diagonal that is added to it, beside what few tokens ask for",
                fmt::format("{}", QuantizationChoice{}.damping));
  no_sequential_ = add_flag(app, "--no-sequential",
                            "whatever is calibrated goes by the unquantized model's activations, instead of what the "
                            "layers before really give; saved statistics need it");
  polish_ = add_value(app, "--polish", "N", "sweeps of coordinate descent over codes and scales that follow",
                      sweeps_by_method());
  steps_ = add_value(app, "--steps", "N",
                     for_readers(quant::MethodOption::kSteps) + "steps of gradient descent for each block",
                     fmt::format("{}", QuantizationChoice{}.steps));
  teacher_ = add_value(app, "--teacher", "MODEL",
                       "distill: model whose distribution is followed, with the same vocabulary; may be a larger one",
                       "the unquantized model");
  no_act_order_ = add_flag(
      app, "--no-act-order",
      for_readers(quant::MethodOption::kActOrder) + "columns in their order, instead of by falling importance");
}

QuantizationChoice ChoiceGroup::read() const {
  QuantizationChoice choice;
  if (scheme_ != nullptr) {
    choice.scheme = value_or(scheme_, "");
    choice.method = value_or(method_, "");
    choice.recipe = value_or(recipe_, "");
    choice.activations = value_or(activations_, "");
    for (const std::string& names : values_of(transform_)) {
      for (std::string& name : split(names, ',')) choice.transforms.push_back(std::move(name));
    }
    for (const std::string& names : values_of(prune_)) {
      for (std::string& name : split(names, ',')) choice.prune.push_back(std::move(name));
    }
  }
  choice.max_fallback = real_or(max_fallback_, choice.max_fallback, 0, 1);
  choice.activation_range = value_or(activation_range_, "");
  choice.embedding = value_or(embedding_, "");
  choice.head = value_or(head_, "");
  choice.scale_dtype = value_or(scale_dtype_, "");
  choice.keep = values_of(keep_);
  choice.damping = real_or(damping_, choice.damping, 0, 1);
  choice.sequential = !is_set(no_sequential_);
  choice.act_order = !is_set(no_act_order_);
  choice.teacher = value_or(teacher_, "");
  choice.polish = static_cast<int>(integer_or(polish_, choice.polish, 0));
  choice.steps = static_cast<int>(integer_or(steps_, choice.steps, 1));
  return choice;
}

}  // namespace kerf::cli
