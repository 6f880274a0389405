#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace kerf::eval {

inline constexpr std::size_t kTopTokens = 5;

/// A distribution over the vocabulary, from one row of logits. Its buffers are reused from row to row.
class Distribution {
 public:
  /// Takes the row; `logits` must outlive the use.
  void set(std::span<const float> logits);

  std::span<const float> logits() const { return logits_; }
  /// log sum_i exp(logit_i)
  double log_normalizer() const { return log_normalizer_; }
  /// -log p(token), nats
  double negative_log_likelihood(std::int64_t token) const;
  double probability(std::int64_t token) const;
  /// The most likely tokens, best first; ties go to the lower id. Fewer than five if the vocabulary is smaller.
  std::span<const std::int32_t> top() const { return {top_.data(), top_count_}; }
  /// -sum_i p_i log p_i, nats.
  double entropy() const;
  /// KL(this || other) = sum_i p_i (log p_i - log q_i), nats. Both have the same vocabulary.
  double divergence_from(const Distribution& other) const;

 private:
  void find_top();
  std::span<const float> logits_;
  std::vector<float> weights_;  ///< exp(logit_i - max)
  double weight_sum_ = 0, log_normalizer_ = 0;
  std::array<std::int32_t, kTopTokens> top_{};
  std::size_t top_count_ = 0;
};

/// What there is to measure besides likelihoods.
struct Measured {
  bool targets = true;       ///< the right token or class is known everywhere
  std::int64_t classes = 0;  ///< of classifiers: how many; 0: language models
  bool reverse_kl = false;
};

/// Measurements of one model at every scored place, in text order.
struct Series {
  std::vector<double> nll;         ///< -log p of what is right there; empty if that is not known
  std::vector<double> kl;          ///< KL(reference || this); empty for the reference
  std::vector<double> reverse_kl;  ///< KL(this || reference), if it was asked for
  std::vector<double> delta_p;     ///< p of what is right minus the reference's; empty without either
  std::vector<char> same_top1;     ///< 1: the same most likely token as the reference
  std::vector<float>
      top5_overlap;  ///< share of the reference's five most likely tokens among this one's; not of classes

  std::vector<std::int32_t> best;  ///< the most likely token
  std::vector<float> best_p;       ///< and its probability

  std::int64_t classes = 0;
  std::vector<float> probabilities;     ///< of classes: [places, classes]
  std::vector<std::int32_t> predicted;  ///< of classes: the most likely one
  std::vector<double> entropy;          ///< of classes: of each place's distribution, nats
  std::vector<char> right;              ///< of classes: 1 where `predicted` is right; empty if that is not known

  explicit Series(std::size_t places = 0, bool against_reference = false, const Measured& measured = {});
  /// Adds what was measured at the places that follow.
  void append(const Series& next);
  std::size_t size() const { return nll.empty() ? entropy.size() : nll.size(); }
};

/// Writes measurement `at` of a series. `reference` null: nothing that needs one. `target` as in text::Place.
void score(const Distribution& model, const Distribution* reference, std::int64_t target, std::size_t at,
           Series& series);

}  // namespace kerf::eval
