#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kerf/error.h"
#include "kerf/input.h"
#include "kerf/progress.h"
#include "kerf/statistics.h"
#include "kerf/target.h"

/// kerf as a library: what the command line does, as calls. Every function throws kerf::Error and nothing else that a
/// caller has to expect. Paths are files or folders; a model is a Hugging Face directory, a .safetensors, .gguf or
/// .onnx file.
namespace kerf {

/// "0.1.0"
std::string version();
/// Libraries and instruction set that the numbers depend on, one line each.
std::vector<std::string> build_info();

/// Limits of the machine that a call keeps to.
struct Resources {
  int threads = 0;                      ///< 0: all that this process may use
  std::uint64_t max_ram = 0;            ///< bytes at once, else Error(kUsage); 0: what the machine or cgroup gives
  std::string scratch_folder = "/tmp";  ///< for values beyond max_ram
  Progress* progress = nullptr;         ///< not owned; may be null
};

/// What is registered under a name: for help texts and docs.
struct Named {
  std::string name, summary, source;
};
std::vector<Named> schemes();
std::vector<Named> methods();
std::vector<Named> transforms();
std::vector<Named> pruners();
std::vector<Named> activations();
std::vector<Named> activation_ranges();
std::vector<Named> output_formats();
/// A choice that output formats offer beside the scheme.
struct FormatOption {
  std::string name;                  ///< "onnx-kind"
  std::string value;                 ///< what stands for its value: "KIND"
  std::string summary, initial;      ///< `initial`: what an absent one means
  std::vector<std::string> formats;  ///< that have it
};
std::vector<FormatOption> output_format_options();
/// A method or pruner that coordinate descent follows, and for how many sweeps by itself (QuantizationChoice::polish).
struct Polished {
  std::string name;
  int sweeps = 0;
};
std::vector<Polished> polished();
std::vector<Named> protocols();
std::vector<Named> families();
std::vector<Named> roles();
/// Recipes that have a name, each with the line that it says about itself.
std::vector<Named> recipes();
/// The YAML of such a recipe, in any case. Error(kUsage) with the nearest name.
std::string recipe_text(const std::string& name);

// ---- inspect -------------------------------------------------------------------------------------------------------

struct TensorInfo {
  std::string name, role, dtype;  ///< dtype of a quantized tensor: its scheme
  std::vector<std::int64_t> shape;
  int layer = -1;
  std::uint64_t bytes = 0;  ///< in the file
  double bits_per_weight = 0;
};
struct MemoryEstimate {
  std::string precision;                                     ///< scheme of the linear weights
  std::uint64_t weights = 0, kv_cache = 0, activations = 0;  ///< bytes, at `context`
};
struct Inspection {
  std::string path, container, family, task, tokenizer;
  std::vector<std::string> labels;  ///< of a classifier
  std::uint64_t parameters = 0, tensor_bytes = 0;
  double bits_per_weight = 0;
  std::int64_t decoder_layers = 0;  ///< of all layers, those that write; 0: not an encoder with a decoder
  std::int64_t layers = 0, hidden = 0, intermediate = 0, heads = 0, kv_heads = 0, head_dim = 0, vocabulary = 0,
               context = 0;
  std::int64_t window = 0, windowed_layers = 0;     ///< tokens that attention sees in so many layers; 0: all
  std::int64_t experts = 0, experts_per_token = 0;  ///< of a mixture of experts; 0: none
  bool tied_head = false;
  std::string activation, positions;
  std::vector<TensorInfo> tensors;
  std::vector<MemoryEstimate> memory;
  std::vector<std::string> notes;
};
Inspection inspect(const ModelInput& model, std::int64_t context);

// ---- tokenize, logits ----------------------------------------------------------------------------------------------

/// `path` may also be a folder with only tokenizer files, or a tokenizer.json.
class TextEncoder {
 public:
  static TextEncoder open(const std::string& path);
  std::vector<std::int64_t> encode(const std::string& text, bool special) const;
  std::string decode(const std::vector<std::int64_t>& ids) const;

 private:
  std::shared_ptr<const void> tokenizer_;
};

/// One forward pass; reads inputs from and writes `logits` to safetensors files.
void logits(const ModelInput& model, const std::string& inputs, const std::string& output, const Resources& resources);
/// What a model predicts at one place.
struct Prediction {
  std::string what;                                    ///< "next token", "label"
  std::int64_t mask = 0;                               ///< of a masked language model: which of the masks, from 1
  std::vector<std::pair<std::string, double>> best{};  ///< (text or name, probability), most likely first
};
/// Of a prompt: the token after it; of a masked language model the tokens at its masks; of a classifier the classes; of
/// an encoder with a decoder the first token that it writes. The `count` most likely of each.
std::vector<Prediction> predict(const ModelInput& model, const std::string& prompt, int count,
                                const Resources& resources);

// ---- what becomes of weights --------------------------------------------------------------------------------------

/// What happens, or would happen, to one tensor.
struct TensorPlan {
  std::string name, role, scheme, method, rule;  ///< `rule`: the recipe's rule that decided
  std::vector<std::int64_t> shape;
  double bits_per_weight = 0;
  bool fallback = false;      ///< another scheme than the rule names: the rows do not fit that one, `rule` says more
  std::string activations{};  ///< how the input of its products is rounded; empty: it is not
  std::string pruning{};      ///< which of its values become zero; empty: none
  /// Of what was written: root of the squared error over the squared values of the original; absent where values of the
  /// two cannot be compared one by one (scaled by a transform, rows gone), and in a dry run.
  std::optional<double> relative_error{};
  std::string hash{};  ///< XXH3-128 of its dequantized values as read back; empty in a dry run
};
/// What a method did at one site, or a transform for what several sites read.
struct SiteReport {
  std::string name, scheme, method;  ///< `method`: that was used, or the transform
  bool transform = false;
  bool fallback = false;  ///< another method than the one asked for was used, or a transform had to leave the site as
                          ///< it is: `note` says why
  bool reverted = false;  ///< for its error on the held-out share
  int expert = -1;        ///< of a mixture, whose weight this is; -1: none's
  std::int64_t tokens = 0, channels = 0, dead_inputs = 0;  ///< of the inputs; dead: zero for every token
  std::int64_t rank = -1;  ///< of the inputs' second moment, at most `channels`; -1: not known
  double damping = 0;
  double objective = 0, rtn_objective = 0;       ///< mean squared output error relative to the mean squared output
  std::int64_t held_out_tokens = 0;              ///< 0: nothing was held out, and the following three say nothing
  double held_out_objective = 0;                 ///< on the held-out share, of the method that learned from the rest
  double held_out_rtn = 0, held_out_search = 0;  ///< of rounding to nearest, of the importance-weighted range search
  double saturation = 0;                         ///< share of the codes that are the lowest or the highest
  double scale_min = 0, scale_max = 0;           ///< magnitudes of the groups' scales
  std::string pruning{};                         ///< which of its values became zero first; empty: none
  double zeros = 0;                              ///< share of the values stored that are zero, where it was pruned
  double block_error = 0, block_error_rtn = 0;   ///< transforms: block output error found and without the transform
  std::string note;                              ///< what there is to know beyond the numbers; may be empty
};

// ---- measuring -----------------------------------------------------------------------------------------------------

struct EvaluationOptions {
  TextInput text;
  std::string protocol;       ///< empty: the first that suits the model
  std::int64_t context = 0;   ///< 0: the protocol's default, at most the model's
  std::int64_t windows = -1;  ///< measure only the first so many; -1: all
  std::string kv_cache;  ///< scheme of the keys and values that the model (in compare: a candidate) reads; empty: f32
  std::int64_t stride = 0;  ///< of protocols with overlapping windows; 0: half the context
  bool reverse_kl = false;  ///< also measure KL(model || reference)
  double margin = 0.005;    ///< nats per token (0.005: 0.5 % of the perplexity) that do not matter for a verdict
};

/// How a text was cut and scored.
struct TextFigures {
  std::string protocol;
  std::int64_t context = 0, windows = 0, tokens_total = 0, tokens_dropped = 0, tokens_scored = 0;
  bool bos = false;                   ///< windows begin with BOS
  std::string figure = "perplexity";  ///< what the protocol calls Measurement::perplexity; empty: there is none
  std::int64_t runs = 0;              ///< of the model: as many as windows, or more, each with other tokens hidden
  std::int64_t special = 0;           ///< special tokens around the text of each window
  double masked_share = 0;            ///< of its text that was hidden in a run
  bool by_line = false;               ///< a window is one line of the text, `context` the most that it may have
  std::int64_t blank_lines = 0;       ///< that were left out
  std::int64_t stride = 0;            ///< of overlapping windows; 0: they do not overlap
  std::int64_t words = 0, bytes = 0;  ///< of documents that are scored as a whole; 0: they are not
  std::int64_t documents = 0;
  std::int64_t conversations = 0;  ///< chat that a template made text of
  /// Of the whole text, as the tokenizer cuts it; 0 where ids were given.
  double tokens_per_word = 0;
  double unknown_share = 0;        ///< of its characters, those that the vocabulary does not have
  double byte_fallback_share = 0;  ///< of its tokens, those that stand for single bytes
  std::string sha256;              ///< of the ids that are read and the places that are scored
  std::vector<std::string> notes;
};

/// How often a classifier finds a class most likely, and its mean probability; fractions of the lines.
struct ClassShare {
  std::string label;
  double predicted = 0, probability = 0;
};

/// Measurements of one model. Those against the reference are absent for the reference itself and without one.
struct Measurement {
  std::string spec;                                     ///< what was measured: a path or a candidate's spec
  std::optional<double> perplexity, perplexity_stderr;  ///< absent for a classifier
  std::optional<double> entropy;                        ///< classifier: mean entropy of its distributions, nats
  std::optional<double> accuracy, accuracy_stderr;      ///< classifier: fraction of the labels found, if there are any
  std::vector<ClassShare> classes;                      ///< classifier: in the order of its classes
  std::optional<double> word_perplexity, byte_perplexity, bits_per_byte;  ///< where whole documents are scored
  std::optional<Spread> kl;                                               ///< KL(reference || this), nats
  std::optional<Spread> reverse_kl;                      ///< KL(this || reference), if it was asked for
  std::optional<double> top1_agreement, top5_agreement;  ///< fractions
  std::optional<double> top1_error;                      ///< standard error, tokens taken as independent
  std::optional<Spread> delta_p;                         ///< probability of the right token minus the reference's
  std::optional<double> delta_p_rms, delta_p_rms_error;
  std::optional<LikelihoodChange> likelihood;
  std::map<std::string, Estimate, std::less<>> intervals;  ///< by the figure's JSON key
  std::optional<Judgement> judgement;                      ///< against the reference, of the perplexity
  Profile by_window, by_position;                          ///< the latter not of lines
  Histogram kl_histogram;
  std::vector<WorstToken> worst;  ///< by falling KL
  std::int64_t tokens_scored = 0;
  std::uint64_t bytes = 0;  ///< files written, or that would be; of an existing model its tensor files
  std::string bytes_as;     ///< the format whose bytes these are
  double bits_per_weight = 0;
  std::uint64_t run_bytes = 0;  ///< memory to run it at the context measured: weights, keys and values, activations
  double seconds = 0;           ///< quantization and evaluation of this candidate
  std::uint64_t peak_ram_bytes = 0;
  std::vector<TensorPlan> tensors{};  ///< what each is stored as
  std::vector<SiteReport> sites{};    ///< of a candidate quantized here: what was done at each site
  std::vector<std::string> notes;
};

struct Evaluation {
  TextFigures text;
  std::optional<Measurement> reference;
  Measurement candidate;
  std::optional<NoiseFloor> noise_floor{};  ///< of the reference
  double margin = 0;                        ///< of the verdicts, nats per token
  Provenance provenance{};
};
/// `reference` with an empty path: perplexity (of a classifier, the shares of its classes) only.
Evaluation evaluate(const ModelInput& model, const ModelInput& reference, const EvaluationOptions& options,
                    const Resources& resources);

// ---- quantizing ----------------------------------------------------------------------------------------------------

struct CalibrationOptions {
  TextInput text;            ///< or, in `files`, one file that `calibrate` saved, or one importance file of llama.cpp
  std::int64_t context = 0;  ///< 0: min(512, the model's)
  std::int64_t samples = 128;
  std::uint64_t seed = 0;
  double held_out = 0.125;  ///< share of the windows on which a method is checked beside rounding; 0: none
  bool given() const { return !text.files.empty() || !text.tokens_file.empty(); }
};

/// The choices of one candidate; empty: the default, which the result states.
struct QuantizationChoice {
  std::string scheme, method;
  std::vector<std::string> transforms;
  std::vector<std::string> prune;  ///< "wanda:50%", "sparsegpt:2:4": which values of linear weights become zero first
  std::string embedding, head;     ///< schemes; empty: the source's dtype, F32 as f16
  std::string activations;         ///< "int8-dynamic", "int8-static/mse", ...: the input of linear layers; empty: f32
  std::string activation_range;    ///< rule for static ones that name none
  std::string scale_dtype;         ///< f16 unless given
  std::string recipe;              ///< name, or path of a YAML file, instead of or before the scheme
  std::string recipe_text{};       ///< the YAML itself, in place of `recipe`
  double max_fallback = 1;         ///< share of the quantized values that may have another scheme than asked for
  std::vector<std::string> keep;   ///< name patterns of weights that stay as they are
  double damping = 0.01;
  bool sequential = true, act_order = true;
  int steps = 200;      ///< learned: steps of gradient descent a block
  int polish = -1;      ///< sweeps of coordinate descent over codes and scales after gptq; -1: the method's own number
  std::string teacher;  ///< model whose distribution the transform distill follows; empty: the source itself
};
/// Is the candidate's spec about a recipe that it names by path ("mixed.yaml", "mixed.yaml/gptq") or as "recipe:NAME"?
bool names_a_recipe(const std::string& spec);
/// Is the candidate's spec the path of a model that exists, and not of a recipe?
bool names_a_model(const std::string& spec);
/// "scheme[/method[+transform...][+pruning]][@activations[/range]]" -> choice; the rest from `defaults`. In place of a
/// scheme: the path of a recipe, "recipe:NAME", or just its name if no scheme has it too.
QuantizationChoice parse_spec(const std::string& spec, const QuantizationChoice& defaults);

struct OutputRequest {
  std::string path;
  std::string format;  ///< empty: by the path's ending (.gguf, .onnx), a folder is compressed-tensors
  std::map<std::string, std::string, std::less<>> options{};  ///< of the format, by output_format_options()'s names
};

/// Whether an output format can hold what was chosen, to the bit.
struct TargetExactness {
  std::string format;
  bool exact = false;
  std::string reason{};   ///< why not: one sentence
  std::string nearest{};  ///< the nearest scheme that it holds; empty: none near
};

struct QuantizeResult;
struct QuantizeOptions {
  ModelInput model;
  std::vector<OutputRequest> outputs;
  QuantizationChoice choice;
  CalibrationOptions calibration;
  QualityTarget target{};
  bool dry_run = false, force = false, allow_requantize = false;
  /// Called with everything that is known before any work, if it is not a dry run.
  std::function<void(const QuantizeResult&)> planned{};
  std::string name;  ///< of the model, for formats that have titles; empty: that of its file or folder
};

struct WrittenOutput {
  std::string path;  ///< as asked for; of a file that was cut into parts, the first
  std::string format;
  std::uint64_t bytes = 0;  ///< exact; in a dry run too
  double bits_per_weight = 0;
  std::string weights_hash;  ///< XXH3-128 of all dequantized values as read back: equal weights in any format give the
                             ///< same; empty in a dry run
  std::string manifest{};    ///< path of the file that says what was made from what; empty in a dry run
};
struct QuantizeResult {
  std::string chosen;               ///< one line: scheme and method, and the flag that changes them
  std::vector<TensorPlan> tensors;  ///< errors and hashes are those of the first output
  std::vector<SiteReport> sites;
  std::vector<WrittenOutput> outputs;
  std::optional<TargetReport> target{};
  std::vector<TargetExactness> exactness;  ///< of every format in a dry run, otherwise of the outputs'
  std::uint64_t expected_ram = 0;          ///< bytes
  double seconds = 0;
  std::uint64_t peak_ram_bytes = 0;
  std::vector<std::string> notes;
};
QuantizeResult quantize(const QuantizeOptions& options, const Resources& resources);

struct CompareOptions {
  ModelInput model;                     ///< candidates that are models are read in the same way, without the adapters
  std::vector<std::string> candidates;  ///< specs, or paths of recipes or quantized models
  QuantizationChoice defaults;
  CalibrationOptions calibration;
  EvaluationOptions evaluation;
};
struct Comparison {
  TextFigures text;
  Measurement reference;
  std::vector<Measurement> candidates;      ///< in the order asked
  std::vector<PairedDifference> pairs{};    ///< of all candidates, the later one against the earlier one
  std::optional<NoiseFloor> noise_floor{};  ///< of the reference
  double margin = 0;                        ///< of the verdicts, nats per token
  Provenance provenance{};
};
Comparison compare(const CompareOptions& options, const Resources& resources);

/// Saves the statistics of a model's linear inputs over text, as statistics or as an importance file of llama.cpp, or
/// merges saved ones.
struct CalibrateOptions {
  ModelInput model;
  CalibrationOptions calibration;  ///< text; saved statistics or an importance file are only written anew
  bool hessian = false;            ///< keep the matrices that gptq needs
  std::string output;              ///< statistics; empty: none
  std::string importance_output;   ///< llama.cpp's importance matrix; empty: none
};
struct CalibrateResult {
  std::int64_t windows = 0, tokens = 0, sites = 0;
  std::uint64_t bytes = 0;             ///< of the statistics
  std::uint64_t importance_bytes = 0;  ///< of the importance file
  std::vector<std::string> notes;
};
CalibrateResult calibrate(const CalibrateOptions& options, const Resources& resources);
CalibrateResult merge_statistics(const std::vector<std::string>& files, const std::string& output);

// ---- verifying -----------------------------------------------------------------------------------------------------

struct VerifyOptions {
  ModelInput original;  ///< empty path: with `rederive`, the model that the manifest names
  ModelInput candidate;
  std::string manifest;   ///< of the candidate's files; empty: the one beside or inside it, if there is one
  bool rederive = false;  ///< make the files again, as the manifest says, and compare them byte by byte
  std::vector<std::string> calibration;  ///< where the manifest's calibration files are now; empty: where they were
};

/// Something that was noticed.
struct Finding {
  bool failure = true;  ///< false: worth knowing, and no reason to reject
  std::string kind;     ///< "missing", "extra", "shape", "not-finite", "zeroed", "scale", "off-by-one", "outlier",
                        ///< "error", "changed", "pruned", "scaled", "description", "tokenizer", "file", "unreadable",
                        ///< "rederived", "environment"
  std::string tensor;   ///< the original's name of it; empty: not about one tensor
  std::string text;     ///< one sentence
};

/// What is known of one tensor of the original. Differences in steps: of the values that the scheme can store there.
struct TensorVerification {
  std::string name, role, scheme;  ///< `scheme`: as the candidate stores it
  std::vector<std::int64_t> shape;
  double relative_error = 0;  ///< root of the squared error over the squared values
  double rounding_error = 0;  ///< the same of rounding to nearest in that scheme; 0: not codes
  double offset = 0;          ///< mean difference, in steps
  double worst_steps = 0;     ///< largest difference, in steps
  bool scaled = false;        ///< compared with what awq or smoothquant makes of the original's
  bool passed = true;
};

struct Verification {
  std::string original, candidate, manifest;  ///< paths; `manifest` is empty if there is none
  bool passed = true;
  std::vector<Finding> findings;  ///< failures first
  std::vector<TensorVerification> tensors;
  std::int64_t files_checked = 0;  ///< against the manifest
  std::int64_t texts_checked = 0;  ///< that both tokenizers cut
  bool rederived = false;          ///< the same files came out again
  std::vector<std::string> notes;
  double seconds = 0;
  std::uint64_t peak_ram_bytes = 0;
};
/// Compares a quantized model with the one it was made from. Error(kInput) if either cannot be read at all; a candidate
/// that its manifest exposes is reported without being opened.
Verification verify(const VerifyOptions& options, const Resources& resources);

}  // namespace kerf
