#include "report/html/sections.h"

#include <fmt/format.h>

#include "report/figures.h"
#include "report/markup.h"
#include "report/worst.h"

namespace kerf::report::html {
namespace {

std::string cells(const PlainTable& table, const std::vector<std::string>& row) {
  std::string out;
  for (std::size_t c = 0; c < row.size(); ++c) {
    const char* css = table.columns[c].right ? " class=right" : c == 0 ? " class=name" : "";
    out += fmt::format("<td{}>{}</td>", css, escape_markup(row[c]));
  }
  return "<tr>" + out + "</tr>\n";
}

std::string shown_token(const std::string& token) {
  return "<code>" + escape_markup(token.empty() ? "(nothing)" : first_characters(token, 40)) + "</code>";
}

std::string guess(const std::string& token, double p) { return shown_token(token) + " " + percent(p); }

}  // namespace

std::string table(const PlainTable& table, const std::string& label, const std::string& id, bool tall) {
  std::string head, body;
  for (const PlainTable::Column& column : table.columns) {
    head += fmt::format("<th scope=col{}>{}</th>", column.right ? " class=right" : "", escape_markup(column.heading));
  }
  for (const auto& row : table.rows) body += cells(table, row);
  return fmt::format(
      "<div class=\"scroll{}\" tabindex=0 role=region aria-label=\"{}\"><table{}>{}<tbody>\n{}</tbody></table></div>\n",
      tall ? " tall" : "", escape_markup(label), id.empty() ? "" : fmt::format(" id=\"{}\"", id),
      table.columns.front().heading.empty() && table.columns.back().heading.empty()
          ? ""
          : "<thead><tr>" + head + "</tr></thead>",
      body);
}

std::string explanations(const PlainTable& table) {
  std::string out;
  for (const PlainTable::Column& column : table.columns) {
    if (column.explanation.empty()) continue;
    out += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape_markup(column.heading), escape_markup(column.explanation));
  }
  return "<details><summary>What the columns mean</summary><dl>\n" + out + "</dl></details>\n";
}

std::string worst_tokens(const Measurement& candidate) {
  std::string rows;
  for (const WorstToken& token : candidate.worst) {
    rows += fmt::format(
        "<tr><td class=right>{}</td><td class=context>{}<mark>{}</mark>{}</td><td class=right>{} &rarr; "
        "{}</td><td>{}</td><td>{}</td>"
        "<td class=right>{}:{}</td></tr>\n",
        fixed(token.kl, 3), escape_markup(last_characters(token.before, 90)),
        escape_markup(first_characters(token.token, 60)), escape_markup(first_characters(token.after, 40)),
        percent(token.reference_p), percent(token.p), guess(token.reference_best, token.reference_best_p),
        guess(token.best, token.best_p), token.window, token.position);
  }
  return fmt::format(
      "<div class=scroll tabindex=0 role=region aria-label=\"Worst tokens of {}\"><table><thead><tr><th scope=col "
      "class=right>KL</th>"
      "<th scope=col>where it broke: the text, the right token marked</th><th scope=col class=right>its "
      "probability</th>"
      "<th scope=col>the reference says</th><th scope=col>the model says</th><th scope=col "
      "class=right>window:position</th>"
      "</tr></thead><tbody>\n{}</tbody></table></div>\n",
      escape_markup(candidate.spec), rows);
}

}  // namespace kerf::report::html
