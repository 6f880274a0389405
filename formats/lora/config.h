#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"

namespace kerf::formats::lora {

/// Does the whole of `name` match the regular expression? `where` is named in the Error(kInput) of a bad one.
using RegexMatcher =
    std::function<bool(const JsonCursor& where, const std::string& expression, const std::string& name)>;

/// What an adapter_config.json says of how its tensors are to be added.
class Config {
 public:
  /// Error(kInput) naming the key of whatever kerf does not merge: other types of adapters, other parametrizations,
  /// parameters named by themselves. Keys that kerf does not know and that are set go to `notes`.
  Config(const JsonCursor& json, RegexMatcher matches, std::vector<std::string>& notes);

  /// r, or what rank_pattern says of the module. A pattern means a module whose name it matches whole, or from the
  /// beginning of one of its parts on; the first that does counts. Module names as in the model: "model.layers.0.mlp".
  std::int64_t rank(const std::string& module) const;
  /// alpha / rank, or alpha / sqrt(rank) with use_rslora.
  double scaling(const std::string& module) const;
  /// use_dora: rows are scaled to magnitudes of their own.
  bool has_magnitudes() const { return has_magnitudes_; }
  /// Is it, or its last part, in modules_to_save: a module that was trained whole, apart from the original?
  bool is_saved(const std::string& module) const;
  /// ensure_weight_tying: a head that shares the embedding follows it.
  bool keeps_tie() const { return keeps_tie_; }

 private:
  template <typename Value>
  using Patterns = std::vector<std::pair<std::string, Value>>;

  bool fits(std::string_view key, const std::string& pattern, const std::string& module) const;
  template <typename Value>
  Value pick(std::string_view key, const Patterns<Value>& patterns, const std::string& module, Value fallback) const;

  Json json_;
  std::string file_;
  RegexMatcher matches_;
  std::int64_t rank_ = 8;
  double alpha_ = 8;
  bool rank_stabilized_ = false, has_magnitudes_ = false, keeps_tie_ = false;
  Patterns<std::int64_t> rank_pattern_;
  Patterns<double> alpha_pattern_;
  std::vector<std::string> modules_to_save_;
};

}  // namespace kerf::formats::lora
