#include "report/table.h"

#include <algorithm>
#include <utility>

#include "core/strings.h"

namespace kerf::report {
namespace {

std::size_t display_width(std::string_view cell) { return decode_utf8(cell).size(); }

void append_cell(std::string& line, const std::string& cell, std::size_t width, Table::Align align) {
  const std::string padding(width - display_width(cell), ' ');
  line += align == Table::Align::kRight ? padding + cell : cell + padding;
}

}  // namespace

Table& Table::column(std::string heading, Align align) {
  columns_.push_back({std::move(heading), align});
  return *this;
}

void Table::row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::text(std::string_view indent) const {
  std::vector<std::size_t> widths;
  std::vector<std::string> headings;
  for (const Column& column : columns_) {
    headings.push_back(column.heading);
    widths.push_back(display_width(column.heading));
  }
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  std::string out;
  const auto append_line = [&](const std::vector<std::string>& cells) {
    std::string line(indent);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) line += "  ";
      append_cell(line, cells[i], widths[i], columns_[i].align);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  if (std::any_of(headings.begin(), headings.end(), [](const std::string& h) { return !h.empty(); })) {
    append_line(headings);
  }
  for (const auto& row : rows_) append_line(row);
  return out;
}

std::string printable(std::string_view text, std::size_t limit) {
  const std::string safe = kerf::quoted(text, limit);
  return safe.substr(1, safe.size() - 2);
}

}  // namespace kerf::report
