// docs/operators.md says what the registries say. KERF_WRITE_DOCUMENTS=1 in the environment of this test writes it.

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "formats/onnx/lowering.h"
#include "ops/op.h"
#include "tests/support/source_dir.h"

namespace kerf::formats::onnx {
namespace {

std::string domain_of(std::string_view domain) { return domain.empty() ? "" : fmt::format(" ({})", domain); }

/// A cell of a table: what bounds cells has a backslash before it.
std::string cell(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '|' ? std::string("\\|") : std::string(1, c);
  return result;
}

std::string document() {
  std::string text =
      "# Operators\n\nWhat kerf computes (opset 23 of ONNX, and its own of domain `kerf`), and what it reads as "
      "something else: operators of\nolder opsets and of `com.microsoft`. Branches of `If` are chosen and functions of "
      "the model inlined where their conditions\nfollow from constants or from the shapes of the inputs. Whatever is "
      "listed nowhere is refused by name. This file is made "
      "by\n`tests/formats/onnx/operators_conformance_test.cpp`.\n\n"
      "## Computed\n\n\"Derivative\": `yaqa`, `learned` and `distill` work through it.\n\n"
      "| operator | what it is | derivative |\n|---|---|---|\n";
  std::vector<std::string> rows;
  for (const ops::OpInfo* op : ops::all_ops()) {
    rows.push_back(fmt::format("| [{}]({}){} | {} | {} |\n", op->name, op->source, domain_of(op->domain),
                               cell(op->summary), op->differentiate != nullptr ? "yes" : ""));
  }
  std::sort(rows.begin(), rows.end());
  for (const std::string& row : rows) text += row;
  text += "\n## Read as others\n\n| operator | becomes |\n|---|---|\n";
  rows.clear();
  for (const LoweringInfo* lowering : lowerings()) {
    rows.push_back(
        fmt::format("| {}{} | {} |\n", lowering->name, domain_of(lowering->domain), cell(lowering->summary)));
  }
  std::sort(rows.begin(), rows.end());
  for (const std::string& row : rows) text += row;
  return text;
}

TEST(OperatorsDocument, SaysWhatTheRegistriesSay) {
  const std::string path = test::source_dir() + "/docs/operators.md";
  if (std::getenv("KERF_WRITE_DOCUMENTS") != nullptr) std::ofstream(path) << document();
  EXPECT_EQ(read_file(path, std::uint64_t{1} << 20), document()) << "KERF_WRITE_DOCUMENTS=1 formats_test writes it";
}

}  // namespace
}  // namespace kerf::formats::onnx
