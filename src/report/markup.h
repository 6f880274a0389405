#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kerf::report {

/// Text made safe inside XML and HTML, in elements and in quoted attributes: what XML forbids (control characters,
/// bytes that are not UTF-8) becomes U+FFFD.
std::string escape_markup(std::string_view text);
/// Text made safe in a cell of a Markdown table.
std::string escape_markdown(std::string_view text);

/// A table of Markdown. `right`: columns whose cells stand to the right.
std::string markdown_table(const std::vector<std::string>& headings, const std::vector<bool>& right,
                           const std::vector<std::vector<std::string>>& rows);

}  // namespace kerf::report
