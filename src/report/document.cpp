#include "report/document.h"

namespace kerf::report {

const std::vector<const Document*>& documents() {
  static const std::vector<const Document*> all = {
#define X(name) &name##_comparison_writer(),
#include "report/comparison_documents.def"
#undef X
  };
  return all;
}

Comparison as_comparison(const Evaluation& evaluation) {
  Comparison comparison;
  comparison.text = evaluation.text;
  comparison.noise_floor = evaluation.noise_floor;
  comparison.margin = evaluation.margin;
  comparison.provenance = evaluation.provenance;
  if (evaluation.reference) {
    comparison.reference = *evaluation.reference;
    comparison.candidates = {evaluation.candidate};
  } else {
    comparison.reference = evaluation.candidate;
  }
  return comparison;
}

}  // namespace kerf::report
