#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kerf::report {

/// Lines of aligned cells for a terminal: two spaces between columns, none at the end of a line, no tabs. Widths are
/// counted in code points of UTF-8.
class Table {
 public:
  enum class Align { kLeft, kRight };

  /// Adds a column; the headings are printed only if at least one is not empty.
  Table& column(std::string heading, Align align = Align::kLeft);
  /// As many cells as columns; a missing cell at the end is empty.
  void row(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  /// Every line begins with `indent` and ends with a newline.
  std::string text(std::string_view indent = "") const;

 private:
  struct Column {
    std::string heading;
    Align align;
  };
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// Text from a file or a user made safe for a terminal: as quoted() (core/strings.h), without the quotes.
std::string printable(std::string_view text, std::size_t limit = 240);

}  // namespace kerf::report
