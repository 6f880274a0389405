#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kerf/kerf.h"

namespace kerf::report {

/// A file that tells of a comparison: one file in documents/, one line in comparison_documents.def.
struct Document {
  std::string_view name;     ///< of its option: "html"
  std::string_view summary;  ///< what it is
  std::string (*write)(const Comparison& comparison);
};

const std::vector<const Document*>& documents();

#define X(name) const Document& name##_comparison_writer();
#include "report/comparison_documents.def"
#undef X

/// An evaluation as a comparison of one candidate; without a reference, of none.
Comparison as_comparison(const Evaluation& evaluation);

}  // namespace kerf::report
