// Markdown of a comparison: the sentence, the ladder, candidates against each other, what is known of the measurement.

#include <fmt/format.h>

#include "report/document.h"
#include "report/markup.h"
#include "report/sentence.h"
#include "report/tables.h"

namespace kerf::report {
namespace {

std::string rendered(const PlainTable& table) {
  std::vector<std::string> headings;
  std::vector<bool> right;
  for (const PlainTable::Column& column : table.columns) {
    headings.push_back(escape_markdown(column.heading));
    right.push_back(column.right);
  }
  std::vector<std::vector<std::string>> rows = table.rows;
  for (auto& row : rows) {
    for (std::string& cell : row) cell = escape_markdown(cell);
  }
  return markdown_table(headings, right, rows);
}

std::string write(const Comparison& comparison) {
  std::string out = fmt::format("## {}\n\n", escape_markdown(comparison.reference.spec));
  if (!comparison.candidates.empty()) {
    const Measurement& leading = comparison.candidates[leading_candidate(comparison.candidates)];
    out += fmt::format("**{}**: {}.\n\n", escape_markdown(leading.spec),
                       escape_markdown(plain_sentence(leading, comparison.reference, comparison.text)));
  }
  out += rendered(ladder_table(comparison));
  if (!comparison.pairs.empty()) out += "\n" + rendered(pairs_table(comparison));
  out += "\n";
  for (const auto& row : provenance_table(comparison).rows) {
    out += fmt::format("- {}: {}\n", escape_markdown(row[0]), escape_markdown(row[1]));
  }
  return out;
}

}  // namespace

const Document& markdown_comparison_writer() {
  static const Document document{.name = "markdown", .summary = "the tables as Markdown", .write = write};
  return document;
}

}  // namespace kerf::report
