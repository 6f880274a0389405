#include "kerf/attribution.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "api/attribution_summary.h"
#include "api/choice.h"
#include "api/expected_memory.h"
#include "api/measure.h"
#include "api/measuring_memory.h"
#include "api/memory_use.h"
#include "api/open_model.h"
#include "api/rewritten.h"
#include "api/session.h"
#include "api/text_data.h"
#include "codec/quantized_tensor.h"
#include "core/error.h"
#include "core/strings.h"
#include "core/threads.h"
#include "eval/estimate.h"
#include "eval/evaluator.h"
#include "quant/quantizer.h"

namespace kerf {
namespace {

using api::OpenModel;

/// Models that walk through the text side by side: each holds its stream, all share the loaded weights.
constexpr std::size_t kAtOnce = 8;
/// What a site is widened to.
constexpr const char* kWide = "int8-g32";

EvaluationOptions evaluation_of(const AttributeOptions& options) {
  EvaluationOptions evaluation = options.evaluation;
  if (evaluation.windows < 0 || evaluation.windows > options.windows) evaluation.windows = options.windows;
  return evaluation;
}

class Attributor {
 public:
  Attributor(const AttributeOptions& options, const Resources& resources)
      : session_(resources),
        runs_(options.restored ? 2 : 1),
        model_(options.model),
        text_(api::evaluation_text(model_, evaluation_of(options))) {
    QuantizationChoice choice = parse_spec(options.candidate, options.defaults);
    if (api::is_importance(options.calibration)) choice.sequential = false;
    api::RewrittenModels rewritten(model_);
    candidate_ = std::make_unique<quant::Candidate>(api::make_candidate(model_, choice, options.candidate));
    if (&rewritten.get(choice) != &model_ || quant::transforms_weights(*candidate_) ||
        candidate_->structure != nullptr) {
      throw_usage(options.candidate +
                  ": its transforms move scales between weights, or remove parts of them, so that no weight can be "
                  "looked at alone; attribute it without awq, smoothquant, rotate and structured pruning");
    }
    plan_memory(options);
    solve(options);
  }

  Attribution run() {
    Attribution result;
    result.spec = candidate_->spec;
    result.text = text_.figures;
    list_sites(result);
    windows_ = api::bind_windows(model_, text_.windows);
    const std::size_t batches = (runs_ * sites_.size() + kAtOnce - 1) / kAtOnce;
    session_.start("attributing", static_cast<std::int64_t>((batches + 1) * blocks().size()));
    const auto whole = measure({candidate_->overlay}).front();
    result.kl = estimate(whole);
    measure_sites(whole, result);
    session_.finish();
    api::summarize_sites(result);
    result.widenings = api::find_widenings(result, wider(result));
    result.seconds = session_.seconds();
    return result;
  }

 private:
  const std::vector<sweep::Block>& blocks() const { return model_.walker().plan().blocks; }

  void plan_memory(const AttributeOptions& options) {
    const auto expected = api::expected_memory(model_, *candidate_, options.calibration, thread_count());
    const std::vector<const OpenModel*> models = {&model_};
    heads_ = api::plan_measuring(api::measuring_memory(models, text_.windows, kAtOnce + 1, thread_count()),
                                 expected.working - api::kProgramBytes, session_);
  }

  void solve(const AttributeOptions& options) {
    std::vector<std::string> notes;
    const auto calibration = api::calibration_data(model_, options.calibration, notes);
    quant::Quantizer quantizer(model_.walker(), {candidate_.get()}, calibration.data, session_.budget());
    session_.start("quantizing", static_cast<std::int64_t>(blocks().size()));
    for (const sweep::Block& block : blocks()) {
      quantizer.process_block(block, model_.walker().prepare_block(block, nullptr, nullptr));
      session_.step();
    }
    quantizer.finish();
    session_.finish();
  }

  /// Weights that the candidate holds as codes.
  void list_sites(Attribution& result) {
    for (const sweep::Site& site : model_.walker().plan().sites) {
      const auto decision = candidate_->decisions.find(site.weight);
      if (decision == candidate_->decisions.end() || !decision->second.scheme.quantized()) continue;
      const graph::Weight& weight = model_.graph().value(site.weight).weight;
      SiteAttribution& entry = result.sites.emplace_back();
      entry.name = weight.name;
      entry.role = graph::role_name(weight.role);
      entry.scheme = decision->second.scheme.name;
      entry.layer = weight.layer;
      entry.bytes =
          (codec::storage_bits(decision->second.scheme, weight.source->rows(), weight.source->row_size()) + 7) / 8;
      entry.output_error = output_error(weight.name);
      sites_.push_back(&site);
    }
    if (sites_.empty()) throw_usage(candidate_->spec + ": quantizes no weight that could be looked at alone");
  }

  std::optional<double> output_error(const std::string& name) const {
    const auto& ledger = candidate_->ledger;
    const auto found = std::find_if(ledger.begin(), ledger.end(), [&](const SiteReport& site) {
      return !site.transform && site.name == name && site.tokens > 0;
    });
    return found == ledger.end() ? std::nullopt : std::optional(found->objective);
  }

  /// Moves what belongs to one site, its codes and the rounding of its inputs, from one overlay into another.
  static void move_site(const sweep::Site& site, const sweep::Overlay& from, sweep::Overlay& to) {
    to.erase(site.weight);
    if (const graph::SourcePtr* source = from.find(site.weight)) to.set(site.weight, *source);
    for (const graph::NodeId node : site.linear_uses) {
      to.erase_roundings(node);
      const auto roundings = from.roundings().find(node);
      if (roundings == from.roundings().end()) continue;
      for (const sweep::InputRounding& rounding : roundings->second) to.set_rounding(node, rounding);
    }
  }

  /// KL of the model under each overlay, place by place.
  std::vector<std::vector<double>> measure(const std::vector<sweep::Overlay>& overlays) {
    eval::Evaluator evaluator(text_.windows, true, text_.classes);
    const std::size_t reference = evaluator.add({&model_.walker(), &model_.overlay(), {windows_, session_.budget()}});
    std::vector<std::size_t> subjects = {reference};
    for (const sweep::Overlay& overlay : overlays) {
      subjects.push_back(evaluator.add({&model_.walker(), &overlay, {windows_, session_.budget()}}));
    }
    api::walk_blocks(model_, evaluator, subjects, nullptr, [&] { session_.step(); });
    session_.change_phase();
    auto series = evaluator.finish(heads_);
    std::vector<std::vector<double>> kl;
    for (std::size_t i = 1; i < subjects.size(); ++i) kl.push_back(std::move(series[subjects[i]].kl));
    return kl;
  }

  Estimate estimate(const std::vector<double>& values) const {
    if (auto found = eval::estimate_mean(values, text_.layout)) return *found;
    Estimate mean;
    for (const double value : values) mean.value += value / static_cast<double>(values.size());
    return mean;
  }

  /// Each site alone, and, if that is asked for, all but each.
  void measure_sites(const std::vector<double>& whole, Attribution& result) {
    for (std::size_t first = 0; first < runs_ * sites_.size(); first += kAtOnce) {
      const std::size_t count = std::min(kAtOnce, runs_ * sites_.size() - first);
      std::vector<sweep::Overlay> overlays;
      for (std::size_t i = first; i < first + count; ++i) {
        const bool alone = i % runs_ == 0;
        sweep::Overlay overlay = alone ? model_.overlay() : candidate_->overlay;
        move_site(*sites_[i / runs_], alone ? candidate_->overlay : model_.overlay(), overlay);
        overlays.push_back(std::move(overlay));
      }
      const auto kl = measure(overlays);
      for (std::size_t i = 0; i < count; ++i) {
        SiteAttribution& site = result.sites[(first + i) / runs_];
        if ((first + i) % runs_ == 0) {
          site.alone = estimate(kl[i]);
          continue;
        }
        std::vector<double> gain(whole.size());
        for (std::size_t p = 0; p < gain.size(); ++p) gain[p] = whole[p] - kl[i][p];
        site.restored = estimate(gain);
      }
    }
  }

  /// What each of the result's sites would take as 8-bit codes.
  std::vector<api::WiderSite> wider(const Attribution& result) const {
    const codec::Scheme wide = codec::parse_scheme(kWide);
    std::vector<api::WiderSite> sites;
    for (const SiteAttribution& site : result.sites) {
      api::WiderSite& entry = sites.emplace_back();
      for (const sweep::Site* own : sites_) {
        const graph::Weight& weight = model_.graph().value(own->weight).weight;
        if (weight.name != site.name) continue;
        const std::uint64_t bytes =
            (codec::storage_bits(wide, weight.source->rows(), weight.source->row_size()) + 7) / 8;
        if (bytes > site.bytes) entry = {bytes - site.bytes, wide.name};
      }
    }
    return sites;
  }

  api::Session session_;
  std::size_t runs_;  ///< of each site
  OpenModel model_;
  api::EvaluationText text_;
  std::unique_ptr<quant::Candidate> candidate_;
  std::size_t heads_ = 0;                  ///< last blocks that may be in memory at once
  std::vector<const sweep::Site*> sites_;  ///< as Attribution::sites before they are sorted
  std::shared_ptr<const std::vector<sweep::WindowInputs>> windows_;
};

}  // namespace

Attribution attribute(const AttributeOptions& options, const Resources& resources) {
  return Attributor(options, resources).run();
}

}  // namespace kerf
