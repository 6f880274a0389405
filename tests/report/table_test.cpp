#include "report/table.h"

#include <gtest/gtest.h>

namespace kerf::report {
namespace {

TEST(Table, AlignsColumnsAndEndsLinesWithoutSpaces) {
  Table table;
  table.column("name").column("bytes", Table::Align::kRight).column("note");
  table.row({"a", "12345", ""});
  table.row({"longer", "7", "x"});
  EXPECT_EQ(table.text(),
            "name    bytes  note\n"
            "a       12345\n"
            "longer      7  x\n");
}

TEST(Table, WithoutHeadingsPrintsOnlyRows) {
  Table table;
  table.column("").column("");
  table.row({"key", "value"});
  table.row({"other key"});
  EXPECT_EQ(table.text("  "),
            "  key        value\n"
            "  other key\n");
}

TEST(Table, CountsCodePointsNotBytes) {
  Table table;
  table.column("a", Table::Align::kRight).column("b");
  table.row({"1 \u00B1 2", "x"});
  table.row({"12345", "y"});
  EXPECT_EQ(table.text(),
            "    a  b\n"
            "1 \u00B1 2  x\n"
            "12345  y\n");
}

TEST(Printable, EscapesWhatMovesATerminal) {
  EXPECT_EQ(printable("a\x1b[31m\nb\xff"), "a\\x1B[31m\\x0Ab\\xFF");
  EXPECT_EQ(printable("it's"), "it's");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, CutsLongText) { EXPECT_LT(printable(std::string(1000, 'x'), 50).size(), 60U); }

}  // namespace
}  // namespace kerf::report
