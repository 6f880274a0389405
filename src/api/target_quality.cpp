#include "api/target_quality.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "api/choice.h"
#include "api/emission.h"
#include "api/memory_use.h"
#include "api/target_outputs.h"
#include "codec/float_codec.h"
#include "codec/quantized_tensor.h"
#include "core/error.h"
#include "core/file.h"
#include "core/output.h"
#include "core/strings.h"
#include "emit/exactness.h"
#include "emit/target.h"
#include "quant/allocation.h"
#include "quant/sources.h"

namespace kerf::api {
namespace {

/// What each weight's own loss is measured at, or what is nearest of the schemes that the outputs hold; other schemes'
/// follows from the square of their rounding errors.
constexpr std::string_view kAnchor = "int4-g32";
/// Measured losses correct the predicted ones, and the problem is solved again.
constexpr int kRounds = 4;
/// What is aimed at, below what is asked for: what the next round may be off.
constexpr double kMargin = 0.97;
constexpr std::int64_t kSensitivityWindows = 8;

struct Site {
  std::string name;
  graph::SourcePtr source;
  double alone = 0;  ///< KL with only this weight at the anchor
};

/// Schemes that every output holds beside each other, by number: some formats have one kind of codes for all weights.
using SchemeClass = std::vector<std::size_t>;

/// A mixture as it was measured.
struct Measured {
  std::string recipe;
  quant::Allocation allocation;
  double kl = 0, increase = 0;
  std::uint64_t bytes = 0;
};

/// Not every group size that a format could hold has kernels in the runtimes that read it.
bool is_usual(const codec::Scheme& scheme) {
  if (scheme.granularity == codec::Granularity::kTensor) return false;
  const bool by_group = scheme.plain_integer() && scheme.granularity == codec::Granularity::kGroup;
  return !by_group || (scheme.group_size >= 32 && scheme.group_size <= 128);
}

class Search {
 public:
  Search(const QuantizeOptions& options, const QuantizationChoice& choice, const OpenModel& model,
         const Resources& resources)
      : options_(options), choice_(choice), model_(model), resources_(resources), outputs_(options, choice, model) {
    list_schemes();
    measure_sites();
    pose_problem();
    class_schemes();
  }

  std::string run(TargetReport& report) {
    const std::optional<Measured> best = solve();
    if (!best) refuse();
    const std::optional<Measured> uniform = best_uniform(best->bytes);
    const bool take_uniform = uniform && uniform->kl < best->kl;
    const Measured& chosen = take_uniform ? *uniform : *best;
    report.uniform = take_uniform;
    report.kl = chosen.kl;
    report.perplexity_increase = chosen.increase;
    report.bytes = chosen.bytes;
    if (uniform) {
      report.uniform_scheme = schemes_[uniform->allocation.front()].name;
      report.uniform_kl = uniform->kl;
    }
    for (const std::size_t option : chosen.allocation) ++report.weights[schemes_[option].name];
    report.sentence = sentence(report);
    return chosen.recipe;
  }

 private:
  const QualityTarget& target() const { return options_.target; }

  void list_schemes() {
    for (const std::string& name : target().schemes) {
      codec::Scheme scheme = codec::parse_scheme(name);
      if (!scheme.quantized()) throw_usage(fmt::format("--target-schemes: {} has no codes", scheme.name));
      if (const auto why = outputs_.refusal_of(outputs_.uniform_recipe(scheme))) {
        throw_usage(fmt::format("--target-schemes: the outputs cannot hold {} exactly: {}", scheme.name, *why));
      }
      schemes_.push_back(std::move(scheme));
    }
    if (!schemes_.empty()) return;
    const codec::Scheme anchor = codec::parse_scheme(kAnchor);
    std::vector<codec::Scheme> known = emit::nearest_schemes(anchor);
    known.insert(known.begin(), anchor);
    std::copy_if(known.begin(), known.end(), std::back_inserter(schemes_), [&](const codec::Scheme& scheme) {
      return is_usual(scheme) && !outputs_.refusal_of(outputs_.uniform_recipe(scheme));
    });
    if (schemes_.empty()) {
      throw_usage(fmt::format("no scheme is held exactly by all outputs for a target to choose from; of {}: {}",
                              anchor.name, *outputs_.refusal_of(outputs_.uniform_recipe(anchor))));
    }
  }

  std::size_t anchor() const {
    const int bits = codec::parse_scheme(kAnchor).bits;
    std::size_t best = 0;
    for (std::size_t i = 1; i < schemes_.size(); ++i) {
      if (std::abs(schemes_[i].bits - bits) < std::abs(schemes_[best].bits - bits)) best = i;
    }
    return best;
  }

  /// Is another scheme at least as good for every weight, and no larger?
  bool is_dominated(std::size_t scheme) const {
    for (std::size_t other = 0; other < schemes_.size(); ++other) {
      bool everywhere = true, differs = other < scheme;
      for (const auto& options : problem_) {
        const quant::AllocationOption &a = options[other], &b = options[scheme];
        everywhere = everywhere && a.loss <= b.loss && a.bytes <= b.bytes;
        differs = differs || a.loss != b.loss || a.bytes != b.bytes;
      }
      if (other != scheme && everywhere && differs && held_together(other, scheme)) return true;
    }
    return false;
  }

  /// One weight in one scheme, all others in the other.
  bool held_together(std::size_t a, std::size_t b) const {
    return a == b || !outputs_.refusal_of(outputs_.recipe(weight_rule(sites_.front().name, schemes_[a]), &schemes_[b]));
  }

  /// Those that the user named are all kept.
  void class_schemes() {
    for (std::size_t scheme = 0; scheme < schemes_.size(); ++scheme) {
      if (target().schemes.empty() && is_dominated(scheme)) continue;
      const auto found = std::find_if(classes_.begin(), classes_.end(),
                                      [&](const SchemeClass& one) { return held_together(one.front(), scheme); });
      if (found == classes_.end()) {
        classes_.push_back({scheme});
      } else {
        found->push_back(scheme);
      }
    }
  }

  /// The problem with no schemes but those of the class, and what its allocations are in all schemes' numbers.
  quant::AllocationProblem problem_of(const SchemeClass& schemes) const {
    quant::AllocationProblem problem;
    for (const auto& options : problem_) {
      auto& some = problem.emplace_back();
      for (const std::size_t scheme : schemes) some.push_back(options[scheme]);
    }
    return problem;
  }
  static quant::Allocation among_all(quant::Allocation allocation, const SchemeClass& schemes) {
    for (std::size_t& option : allocation) option = schemes[option];
    return allocation;
  }

  EvaluationOptions evaluation() const {
    EvaluationOptions evaluation;
    evaluation.text =
        target().text.files.empty() && target().text.tokens_file.empty() ? options_.calibration.text : target().text;
    evaluation.windows = target().windows;
    return evaluation;
  }

  void measure_sites() {
    AttributeOptions attribute_options;
    attribute_options.model = options_.model;
    attribute_options.candidate = schemes_[anchor()].name + "/rtn";
    attribute_options.defaults = choice_;
    attribute_options.defaults.recipe.clear();
    attribute_options.defaults.recipe_text.clear();
    // Embedding and head are chosen apart: their share of the loss is no linear weight's.
    attribute_options.evaluation = evaluation();
    attribute_options.windows = std::min(kSensitivityWindows, target().windows);
    attribute_options.restored = false;
    const Attribution found = attribute(attribute_options, resources_);
    for (const graph::ValueId id : model_.graph().weights()) {
      const graph::Weight& weight = model_.graph().value(id).weight;
      if (!graph::is_linear_role(weight.role)) continue;
      const auto site = std::find_if(found.sites.begin(), found.sites.end(),
                                     [&](const SiteAttribution& one) { return one.name == weight.name; });
      if (site == found.sites.end()) continue;
      sites_.push_back({weight.name, weight.source, std::max(site->alone.value, 0.0)});
    }
    if (sites_.empty()) throw_usage("the model has no weight that a target could choose a scheme for");
  }

  /// Squared relative error of rounding to nearest, on rows spread over the weight.
  static double rounding_error(const graph::SourcePtr& source, const codec::Scheme& scheme) {
    constexpr std::int64_t kRows = 32;
    const std::int64_t rows = source->rows(), taken = std::min(rows, kRows);
    const graph::SourcePtr rounded = quant::make_rtn_source(source, scheme);
    std::vector<float> values(static_cast<std::size_t>(source->row_size())), found(values.size());
    double error = 0, energy = 0;
    for (std::int64_t i = 0; i < taken; ++i) {
      source->read_rows(i * rows / taken, 1, values.data());
      rounded->read_rows(i * rows / taken, 1, found.data());
      for (std::size_t c = 0; c < values.size(); ++c) {
        const double difference = static_cast<double>(values[c]) - found[c];
        error += difference * difference;
        energy += static_cast<double>(values[c]) * values[c];
      }
    }
    return energy > 0 ? error / energy : 0;
  }

  void pose_problem() {
    for (const Site& site : sites_) {
      const double reference = rounding_error(site.source, schemes_[anchor()]);
      std::vector<quant::AllocationOption>& options = problem_.emplace_back();
      for (const codec::Scheme& scheme : schemes_) {
        const double error = rounding_error(site.source, scheme);
        options.push_back({reference > 0 ? site.alone * error / reference : 0,
                           (codec::storage_bits(scheme, site.source->rows(), site.source->row_size()) + 7) / 8});
      }
    }
  }

  std::string recipe_of(const quant::Allocation& allocation) const {
    std::string rules;
    for (std::size_t i = 0; i < sites_.size(); ++i) {
      rules += weight_rule(sites_[i].name, schemes_[allocation[i]]);
    }
    return outputs_.recipe(rules, nullptr);
  }

  /// Bytes that all files of an output may have.
  std::uint64_t byte_limit() const {
    if (target().bytes > 0) return target().bytes;
    const auto& h = model_.description().hyperparameters;
    const std::int64_t context = target().context > 0
                                     ? target().context
                                     : std::min<std::int64_t>(2048, std::max<std::int64_t>(h.context_length, 1));
    const std::uint64_t beside = kv_cache_bytes(model_.description(), static_cast<std::uint64_t>(context)) +
                                 activation_bytes(model_.description(), static_cast<std::uint64_t>(context));
    if (beside >= target().ram) {
      throw_usage(fmt::format("--target-ram: keys, values and activations at a context of {} alone take {}", context,
                              human_bytes(beside)));
    }
    return target().ram - beside;
  }

  bool aims_at_size() const { return target().bytes > 0 || target().ram > 0; }

  std::optional<Measured> solve() {
    if (aims_at_size()) {
      const quant::Allocation allocation = solve_for_size();
      if (allocation.empty()) return std::nullopt;
      return measure(recipe_of(allocation), allocation);
    }
    std::stable_sort(classes_.begin(), classes_.end(), [&](const SchemeClass& a, const SchemeClass& b) {
      return predicted_bytes(a) < predicted_bytes(b);
    });
    for (const SchemeClass& schemes : classes_) {
      if (auto best = solve_for_loss(schemes)) return best;
    }
    return std::nullopt;
  }

  /// The mixture of any class that is predicted to lose least; empty if none is small enough.
  quant::Allocation solve_for_size() const {
    quant::Allocation best;
    for (const SchemeClass& schemes : classes_) {
      quant::Allocation found = solve_for_size(schemes);
      if (found.empty()) continue;
      if (best.empty() || quant::total_loss(problem_, found) < quant::total_loss(problem_, best)) {
        best = std::move(found);
      }
    }
    return best;
  }

  quant::Allocation solve_for_size(const SchemeClass& schemes) const {
    const quant::AllocationProblem problem = problem_of(schemes);
    const std::uint64_t limit = byte_limit();
    const quant::Allocation smallest = quant::allocate_loss(problem, std::numeric_limits<double>::infinity());
    const std::uint64_t files = outputs_.bytes_of(recipe_of(among_all(smallest, schemes)));
    const std::uint64_t tensors = quant::total_bytes(problem, smallest), beside = files - std::min(files, tensors);
    if (beside >= limit) return {};
    std::uint64_t budget = limit - beside;
    // Padding and what a file says about its tensors differ a little from mixture to mixture.
    for (int round = 0; round < kRounds; ++round) {
      quant::Allocation allocation = quant::allocate_bytes(problem, budget);
      if (allocation.empty()) return {};
      allocation = among_all(std::move(allocation), schemes);
      const std::uint64_t bytes = outputs_.bytes_of(recipe_of(allocation));
      if (bytes <= limit) return allocation;
      budget -= std::min(budget, bytes - limit);
    }
    return {};
  }

  /// The loss that the target limits.
  double loss_of(const Measured& measured) const { return target().kl > 0 ? measured.kl : measured.increase; }
  double loss_limit() const { return target().kl > 0 ? target().kl : target().perplexity_increase; }

  /// Of the class' mixture that is predicted to keep the limit, or loses least where none does.
  quant::Allocation allocation_for_loss(const SchemeClass& schemes, double limit) const {
    const quant::AllocationProblem problem = problem_of(schemes);
    quant::Allocation allocation = quant::allocate_loss(problem, limit);
    if (allocation.empty()) allocation = quant::allocate_bytes(problem, std::numeric_limits<std::uint64_t>::max());
    return among_all(std::move(allocation), schemes);
  }

  std::uint64_t predicted_bytes(const SchemeClass& schemes) const {
    return quant::total_bytes(problem_, allocation_for_loss(schemes, loss_limit() * kMargin));
  }

  std::optional<Measured> solve_for_loss(const SchemeClass& schemes) {
    std::optional<Measured> best;
    double limit = loss_limit();
    for (int round = 0; round < kRounds; ++round) {
      const quant::Allocation allocation = allocation_for_loss(schemes, limit * kMargin);
      const double predicted = quant::total_loss(problem_, allocation);
      Measured measured = measure(recipe_of(allocation), allocation);
      const double found = loss_of(measured);
      closest_ = std::min(closest_, found);
      const bool meets = found <= loss_limit();
      if (meets && (!best || measured.bytes < best->bytes)) best = std::move(measured);
      // Predicted and found losses are nearly proportional: the limit in the prediction's terms.
      if (found <= 0 || predicted <= 0) break;
      const double next = loss_limit() * predicted / found;
      if (std::abs(next - limit) < 0.02 * limit) break;
      limit = next;
    }
    return best;
  }

  /// As kerf compare measures it.
  Measured measure(const std::string& recipe, quant::Allocation allocation) {
    const OutputFolder folder(join_path(resources_.scratch_folder, "kerf-target"), true);
    const std::string path = join_path(folder.temporary_path(), "chosen.yaml");
    write_file(path, recipe);
    CompareOptions compare_options;
    compare_options.model = options_.model;
    std::string spec = path + "/" + choice_.method;
    for (const std::string& part : choice_.transforms) spec += "+" + part;
    for (const std::string& part : choice_.prune) spec += "+" + part;
    if (!choice_.activations.empty()) spec += "@" + choice_.activations;
    compare_options.candidates = {spec};
    compare_options.defaults = choice_;
    compare_options.defaults.recipe.clear();
    compare_options.defaults.recipe_text.clear();
    compare_options.defaults.scheme.clear();
    compare_options.calibration = options_.calibration;
    compare_options.evaluation = evaluation();
    const Comparison found = compare(compare_options, resources_);
    const Measurement& m = found.candidates.front();
    Measured measured{recipe, std::move(allocation)};
    measured.kl = m.kl ? m.kl->mean : 0;
    measured.increase = m.likelihood ? m.likelihood->ratio - 1 : 0;
    measured.bytes = outputs_.bytes_of(recipe);
    return measured;
  }

  /// The candidate with one scheme for all that is predicted to lose least among those that are not larger.
  std::optional<Measured> best_uniform(std::uint64_t bytes) {
    std::optional<std::size_t> best;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t s = 0; s < schemes_.size(); ++s) {
      if (outputs_.bytes_of(outputs_.uniform_recipe(schemes_[s])) > bytes) continue;
      const double loss = quant::total_loss(problem_, quant::Allocation(sites_.size(), s));
      if (loss < least) {
        least = loss;
        best = s;
      }
    }
    if (!best) return std::nullopt;
    const quant::Allocation allocation(sites_.size(), *best);
    return measure(recipe_of(allocation), allocation);
  }

  [[noreturn]] void refuse() const {
    std::vector<std::string> names;
    for (const SchemeClass& schemes : classes_) {
      for (const std::size_t scheme : schemes) names.push_back(schemes_[scheme].name);
    }
    if (aims_at_size()) {
      throw_usage(
          fmt::format("the target of {} for the files cannot be met: the smallest mixture of {} is larger; "
                      "embedding and head count too (--embedding, --head)",
                      human_bytes(byte_limit()), join(names, ", ")));
    }
    throw_usage(fmt::format("the target of {} cannot be met: the best mixture of {} that was measured reaches {:.6f}",
                            loss_limit(), join(names, ", "), closest_));
  }

  static std::string sentence(const TargetReport& report) {
    std::vector<std::string> parts;
    for (const auto& [scheme, count] : report.weights) parts.push_back(fmt::format("{} in {}", count, scheme));
    std::string text = fmt::format("weights: {}; {}, measured KL {:.6f}, perplexity {:+.2f} %", join(parts, ", "),
                                   human_bytes(report.bytes), report.kl, 100 * report.perplexity_increase);
    if (report.uniform_scheme.empty()) return text + "; no single scheme is as small";
    if (report.uniform) return text + "; one scheme for all measured better than the mixture of its size";
    return text + fmt::format("; all in {}, which is not larger, KL {:.6f}", report.uniform_scheme, report.uniform_kl);
  }

  const QuantizeOptions& options_;
  const QuantizationChoice& choice_;
  const OpenModel& model_;
  const Resources& resources_;
  const TargetOutputs outputs_;
  std::vector<codec::Scheme> schemes_;
  std::vector<Site> sites_;
  quant::AllocationProblem problem_;  ///< with all schemes
  std::vector<SchemeClass> classes_;
  double closest_ = std::numeric_limits<double>::infinity();
};

void check_request(const QuantizeOptions& options) {
  const QualityTarget& target = options.target;
  const int given = (target.kl > 0) + (target.perplexity_increase > 0) + (target.bytes > 0) + (target.ram > 0);
  if (given != 1) throw_usage("give one of --target-kl, --target-ppl-increase, --target-size and --target-ram");
  if (!options.choice.scheme.empty() || !options.choice.recipe.empty()) {
    throw_usage(
        "a target chooses the schemes itself; leave out --scheme and --recipe, or name those to choose from by "
        "--target-schemes");
  }
  if (target.text.files.empty() && target.text.tokens_file.empty() && !options.calibration.given()) {
    throw_usage("a target needs text to measure on: --target-text FILE or --calibration FILE");
  }
}

}  // namespace

std::string recipe_for_target(const QuantizeOptions& options, const QuantizationChoice& choice, const OpenModel& model,
                              const Resources& resources, TargetReport& report) {
  check_request(options);
  return Search(options, choice, model, resources).run(report);
}

}  // namespace kerf::api
