#pragma once

#include <string>
#include <vector>

#include "kerf/kerf.h"

namespace kerf::report {

/// A table as documents of any kind render it: plain cells.
struct PlainTable {
  struct Column {
    std::string heading, explanation;
    bool right = false;
  };
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
};

/// The reference and all candidates; the first column numbers the candidates. Columns that no model has are left out.
PlainTable ladder_table(const Comparison& comparison);
/// Candidates against each other.
PlainTable pairs_table(const Comparison& comparison);
/// What each tensor became in each candidate, with the error of its site where it was measured.
PlainTable tensors_table(const Comparison& comparison);
/// Mean relative output error of a candidate's sites by layer and role; no rows where none was measured.
PlainTable layers_table(const Measurement& candidate);
/// Name and value: how the text was scored, noise floor, machine, command.
PlainTable provenance_table(const Comparison& comparison);

}  // namespace kerf::report
