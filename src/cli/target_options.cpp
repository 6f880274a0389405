#include "cli/target_options.h"

#include <fmt/format.h>

#include "cli/arguments.h"
#include "core/error.h"
#include "core/quantities.h"

namespace kerf::cli {

TargetGroup::TargetGroup(CLI::App& app) {
  const Heading heading(app, "Target: schemes chosen weight by weight, and measured");
  kl_ = add_value(app, "--target-kl", "NATS", "smallest files with a mean KL divergence of at most this, such as 0.01");
  increase_ = add_value(app, "--target-ppl-increase", "SHARE",
                        "smallest files with a perplexity of at most so much more, such as 1%");
  size_ = add_value(app, "--target-size", "SIZE",
                    "least KL divergence in files of at most this, each output's, such as 14MB");
  ram_ = add_value(app, "--target-ram", "SIZE",
                   "the same by the memory that it takes to run: weights, keys and values, activations");
  ram_context_ =
      add_value(app, "--target-context", "N", "tokens that --target-ram is for", "2048, at most the model's");
  schemes_ = add_list(app, "--target-schemes", "NAME", "schemes to choose from");
  text_ = add_repeatable(app, "--target-text", "FILE", "text to measure on, instead of the calibration text");
  windows_ = add_value(app, "--target-windows", "N", "windows of it", "16");
}

QualityTarget TargetGroup::read() const {
  constexpr std::int64_t kMostTokens = std::int64_t{1} << 32;
  QualityTarget target;
  target.kl = real_or(kl_, 0, 1e-9, 100);
  if (const auto share = value_of(increase_))
    target.perplexity_increase = parse_share(name_of(*increase_), *share, 1e-9, 100);
  if (const auto size = value_of(size_)) target.bytes = parse_bytes(name_of(*size_), *size);
  if (const auto size = value_of(ram_)) target.ram = parse_bytes(name_of(*ram_), *size);
  target.context = integer_or(ram_context_, 0, 1, kMostTokens);
  target.schemes = values_of(schemes_);
  target.text.files = values_of(text_);
  target.windows = integer_or(windows_, target.windows, 1);
  for (const CLI::Option* option : {ram_context_, schemes_, text_, windows_}) {
    if (!is_given(option) || target.given()) continue;
    throw_usage(fmt::format("{} says how a target is met, and there is none; give one of {}, {}, {} and {}",
                            name_of(*option), name_of(*kl_), name_of(*increase_), name_of(*size_), name_of(*ram_)));
  }
  if (is_given(ram_context_) && target.ram == 0) {
    throw_usage(fmt::format("{} is for {}", name_of(*ram_context_), name_of(*ram_)));
  }
  return target;
}

}  // namespace kerf::cli
