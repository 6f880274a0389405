#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kerf/kerf.h"

#include "api/open_model.h"
#include "quant/quantizer.h"

namespace kerf::api {

/// Models that transforms of the whole graph make from one, each made once.
class RewrittenModels {
 public:
  explicit RewrittenModels(const OpenModel& original) : original_(original) {}
  /// The model that a candidate is made from: the original, or what the transforms of `choice` that rewrite the graph
  /// make of it, in their order. Those are taken out of the choice; a head that was the embedding gets the embedding's
  /// scheme unless the choice names one. Error(kUsage) where a transform does not keep the function.
  const OpenModel& get(QuantizationChoice& choice);
  /// The models made, in order, and what is to be said about them.
  std::vector<const OpenModel*> models() const;
  const std::vector<std::string>& notes() const { return notes_; }
  /// Error(kUsage) if saved statistics of the original would be taken for those of another model.
  void check(const quant::CalibrationData& data) const;

 private:
  struct Entry {
    std::string transforms;
    std::unique_ptr<OpenModel> model;
  };
  const OpenModel& original_;
  std::vector<Entry> entries_;
  std::vector<std::string> notes_;
};

}  // namespace kerf::api
