#include "quant/trial.h"

#include <array>

#include <fmt/format.h>

#include "quant/importance.h"
#include "quant/sources.h"

namespace kerf::quant {
namespace {

/// Rows that a method is tried on: enough to tell it from rounding, which it halves the error of or does not.
constexpr std::int64_t kTriedRows = 64;
/// By what share of its error a method must be worse to give way: what is kept learns from the held-out share as well,
/// and a share of one window is a small sample. Measured with gptq, int4-g32, on a 29M Llama with 8 windows of 512:
/// three of 56 weights were worse by 1 % or so, and giving way there cost 3.5 % of the KL divergence.
constexpr double kMargin = 0.05;

}  // namespace

const MethodInfo* Trial::better() const {
  const bool to_nearest = rtn.against_reference < search.against_reference;
  const OutputError& simple = to_nearest ? rtn : search;
  const double excess = method.against_reference - simple.against_reference;
  if (!(excess > kMargin * method.relative)) return nullptr;
  return &find_method(to_nearest ? "rtn" : "imatrix");
}

std::string Trial::comparison(const MethodInfo& tried) const {
  const MethodInfo* other = better();
  const OutputError& simple = other == &find_method("rtn") ? rtn : search;
  return fmt::format("{}'s output error on held-out text is {:.2e}, {}'s {:.2e}",
                     other == nullptr ? "imatrix" : other->name, simple.relative, tried.name, method.relative);
}

Trial TrialGround::run(const MethodInfo& method, const SiteProblem& problem, const PruneChoice* pruning) {
  if (method.prepare != nullptr && prepared_ != &method) {
    state_ = method.prepare(rest_, problem.options);
    prepared_ = &method;
  }
  const RowSample sample = sample_rows(problem.weights, problem.scheme, kTriedRows);
  // Whoever prunes by data must not have seen the held-out share either.
  const Tensor weights =
      pruning == nullptr
          ? sample.weights
          : prune({problem.name, sample.weights, pruning->pattern, &rest_, problem.options}, *pruning->pruner).weights;
  SiteProblem part{problem.name, weights, problem.scheme, &rest_, problem.options};
  if (pruning != nullptr) part.unpruned = &sample.weights;
  const auto values_of = [&](const codec::QuantizedTensor& tensor) {
    Tensor values(DType::kF32, sample.weights.shape());
    codec::dequantize_rows(tensor, 0, tensor.rows, values.data<float>());
    return values;
  };
  const Rounder search(problem.scheme, codec::FitRule::kSearch);
  const std::array approximations = {
      values_of(method.solve(part, method.prepare == nullptr ? nullptr : state_.get()).tensor),
      values_of(round_to_nearest(weights, problem.scheme, problem.name)),
      values_of(search.round(weights, relative_importance(rest_), problem.scheme, problem.name))};
  const auto errors = objective_.measure(sample.weights, approximations);
  return {tokens_, errors[0], errors[1], errors[2]};
}

}  // namespace kerf::quant
