// One page that needs nothing else: no network, no fonts, a few lines of script that search and unfold.

#include <fmt/format.h>

#include "report/document.h"
#include "report/html/sections.h"
#include "report/html/style.h"
#include "report/markup.h"
#include "report/sentence.h"

namespace kerf::report {
namespace {

std::string section(const std::string& title, const std::string& body) {
  return body.empty() ? "" : fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", title, body);
}

std::string sentence_of(const Comparison& comparison, const Measurement& m) {
  return fmt::format("<strong>{}</strong>: {}.", escape_markup(m.spec),
                     escape_markup(plain_sentence(m, comparison.reference, comparison.text)));
}

std::string opening(const Comparison& comparison) {
  if (comparison.candidates.empty()) return "";
  const std::size_t leading = leading_candidate(comparison.candidates);
  std::string out = fmt::format("<p class=lead>{}</p>\n", sentence_of(comparison, comparison.candidates[leading]));
  std::string others;
  for (std::size_t i = 0; i < comparison.candidates.size(); ++i) {
    if (i != leading) others += "<li>" + sentence_of(comparison, comparison.candidates[i]) + "</li>\n";
  }
  return others.empty() ? out : out + "<ul class=sentences>\n" + others + "</ul>\n";
}

std::string folded(const Measurement& m, const std::string& body, bool open) {
  return fmt::format("<details{}><summary>{}</summary>\n{}</details>\n", open ? " open" : "", escape_markup(m.spec),
                     body);
}

std::string layers(const Comparison& comparison) {
  std::string out;
  for (const Measurement& m : comparison.candidates) {
    const PlainTable errors = layers_table(m);
    if (!errors.rows.empty())
      out += folded(m, html::table(errors, "Output error by layer and role, " + m.spec), out.empty());
  }
  if (out.empty()) return "";
  return "<p class=dim>Mean squared error of what the layers' products give, relative to what they give "
         "unquantized.</p>\n" +
         out;
}

std::string worst(const Comparison& comparison) {
  std::string out;
  for (const Measurement& m : comparison.candidates) {
    if (!m.worst.empty()) out += folded(m, html::worst_tokens(m), out.empty());
  }
  return out;
}

std::string tensors(const Comparison& comparison) {
  const PlainTable table = tensors_table(comparison);
  if (table.rows.empty()) return "";
  return "<input type=search data-rows=tensors hidden aria-label=\"Search tensors\" placeholder=\"Search: down int8 "
         "layers.3\">\n" +
         html::table(table, "Tensors", "tensors", true);
}

std::string notes(const Comparison& comparison) {
  std::string out;
  const auto add = [&](const std::string& who, const std::vector<std::string>& lines) {
    for (const std::string& line : lines) out += "<li>" + escape_markup(who + line) + "</li>\n";
  };
  add("", comparison.text.notes);
  add("", comparison.reference.notes);
  for (const Measurement& m : comparison.candidates) add(m.spec + ": ", m.notes);
  return out.empty() ? "" : "<ul>\n" + out + "</ul>\n";
}

std::string write(const Comparison& comparison) {
  const std::string title = escape_markup("What quantization changed in " + comparison.reference.spec);
  const PlainTable ladder = ladder_table(comparison);
  std::string body = fmt::format("<h1>{}</h1>\n", title) + opening(comparison);
  body += section("The ladder", html::table(ladder, "The ladder") + html::explanations(ladder));
  if (!comparison.candidates.empty()) body += section("In pictures", html::plots(comparison));
  if (!comparison.pairs.empty()) {
    body += section(
        "Candidates against each other",
        "<p class=dim>Differences on the same tokens, with half their 95% intervals; negative is better.</p>\n" +
            html::table(pairs_table(comparison), "Candidates against each other"));
  }
  body += section("Where it broke", worst(comparison));
  body += section("Drift by layer and role", layers(comparison));
  body += section("Tensors", tensors(comparison));
  body += section("Notes", notes(comparison));
  body += section("Where these figures come from", html::table(provenance_table(comparison), "Provenance"));
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
      "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>{}</style>\n"
      "</head>\n<body>\n<main>\n{}</main>\n<script>{}</script>\n</body>\n</html>\n",
      title, html::kStyle, body, html::kScript);
}

}  // namespace

const Document& html_comparison_writer() {
  static const Document document{
      .name = "html", .summary = "a page with tables and plots that needs nothing else", .write = write};
  return document;
}

}  // namespace kerf::report
