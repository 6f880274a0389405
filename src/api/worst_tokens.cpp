#include "api/worst_tokens.h"

#include <algorithm>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "core/strings.h"
#include "eval/profile.h"

namespace kerf::api {
namespace {

constexpr std::size_t kShown = 20;
constexpr std::int64_t kTokensBefore = 24, kTokensAfter = 8;

std::string text_of(const EvaluationText& text, std::span<const std::int64_t> ids) {
  if (text.tokenizer != nullptr) return text.tokenizer->decode({ids.begin(), ids.end()}, false);
  std::vector<std::string> numbers;
  for (const std::int64_t id : ids) numbers.push_back(fmt::format("#{}", id));
  return join(numbers, " ");
}

/// The ids that a place's target stands among, and where: an encoder with a decoder writes it at the place, a masked
/// language model has it there, a causal one behind it.
struct Surroundings {
  std::span<const std::int64_t> ids;
  std::int64_t target = 0;
};

Surroundings surroundings(const text::Window& window, std::int64_t position, description::Task task) {
  if (!window.decoder_ids.empty()) return {window.decoder_ids, position};
  return {window.ids, task == description::Task::kCausalLm ? position + 1 : position};
}

std::string text_between(const EvaluationText& text, std::span<const std::int64_t> ids, std::int64_t begin,
                         std::int64_t end) {
  begin = std::clamp<std::int64_t>(begin, 0, std::ssize(ids));
  end = std::clamp<std::int64_t>(end, begin, std::ssize(ids));
  return text_of(text, ids.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
}

}  // namespace

std::vector<WorstToken> worst_tokens(const eval::Series& series, const eval::Series& reference, description::Task task,
                                     const EvaluationText& text) {
  std::vector<WorstToken> worst;
  std::vector<std::size_t> first;  // place of each window
  std::size_t places = 0;
  for (const text::Window& window : text.windows) {
    first.push_back(places);
    places += window.places.size();
  }
  for (const std::size_t at : eval::worst_places(series, kShown)) {
    const auto w = static_cast<std::size_t>(std::upper_bound(first.begin(), first.end(), at) - first.begin()) - 1;
    const text::Window& window = text.windows[w];
    const text::Place& place = window.places[at - first[w]];
    const auto [ids, target] = surroundings(window, place.position, task);
    const std::int64_t best = series.best[at], reference_best = reference.best[at];
    WorstToken token;
    token.window = text.layout.window[at];
    token.position = place.position;
    token.kl = series.kl[at];
    token.before = text_between(text, ids, target - kTokensBefore, target);
    token.token = text_of(text, {&place.target, 1});
    token.after = text_between(text, ids, target + 1, target + 1 + kTokensAfter);
    token.p = std::exp(-series.nll[at]);
    token.reference_p = std::exp(-reference.nll[at]);
    token.best = text_of(text, {&best, 1});
    token.best_p = static_cast<double>(series.best_p[at]);
    token.reference_best = text_of(text, {&reference_best, 1});
    token.reference_best_p = static_cast<double>(reference.best_p[at]);
    worst.push_back(std::move(token));
  }
  return worst;
}

}  // namespace kerf::api
