#pragma once

#include "kerf/kerf.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace kerf::cli {

/// --target-kl, --target-ppl-increase, --target-size, --target-ram, and how they are gone for.
class TargetGroup {
 public:
  explicit TargetGroup(CLI::App& app);
  QualityTarget read() const;

 private:
  CLI::Option *kl_ = nullptr, *increase_ = nullptr, *size_ = nullptr, *ram_ = nullptr, *ram_context_ = nullptr;
  CLI::Option *schemes_ = nullptr, *text_ = nullptr, *windows_ = nullptr;
};

}  // namespace kerf::cli
