#pragma once

#include <memory>
#include <string>
#include <vector>

#include "quant/quantizer.h"
#include "quant/recipe.h"
#include "sweep/walker.h"

namespace kerf::quant {

/// A candidate that quantizes the matrices inside the blocks and leaves everything else.
inline Candidate candidate_of(const sweep::Walker& walker, const std::string& scheme, const std::string& method,
                              const std::vector<std::string>& transforms = {}) {
  Recipe recipe;
  for (const std::string& name : graph::role_names()) {
    if (!graph::is_linear_role(*graph::parse_role(name))) continue;
    Rule rule;
    rule.roles = {*graph::parse_role(name)};
    rule.scheme = codec::parse_scheme(scheme);
    rule.method = &find_method(method);
    recipe.rules.push_back(rule);
  }
  Candidate candidate;
  candidate.spec = scheme + "/" + method;
  candidate.decisions = decide(walker.graph(), walker.plan(), recipe);
  for (const std::string& name : transforms) candidate.transforms.push_back(&find_transform(name));
  return candidate;
}

inline std::shared_ptr<sweep::Budget> budget_of(std::uint64_t ram) {
  return std::make_shared<sweep::Budget>(ram, "/tmp");
}

/// All blocks, for all candidates.
inline void quantize(const sweep::Walker& walker, const std::vector<Candidate*>& candidates,
                     const CalibrationData& data, std::uint64_t ram = std::uint64_t{1} << 30) {
  Quantizer quantizer(walker, candidates, data, budget_of(ram));
  for (const sweep::Block& block : walker.plan().blocks) {
    quantizer.process_block(block, walker.prepare_block(block, nullptr, nullptr));
  }
}

/// The codes that a candidate has for a weight.
inline codec::QuantizedTensor codes_of(const Candidate& candidate, graph::ValueId id) {
  return candidate.overlay.entries().at(id)->read_quantized().value();
}

}  // namespace kerf::quant
