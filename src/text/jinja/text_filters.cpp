// Filters that take anything as text.

#include <algorithm>

#include <fmt/format.h>

#include "core/strings.h"
#include "text/jinja/builtin.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"
#include "text/unicode.h"

namespace kerf::text::jinja {
namespace {

Value by(Call& call, std::string (*change)(std::string_view)) { return call.context.text(change(call.subject_text())); }

Value run_capitalize(Call& call) { return by(call, capitalize); }
Value run_lower(Call& call) { return by(call, lower); }
Value run_upper(Call& call) { return by(call, upper); }
Value run_string(Call& call) { return call.context.text(call.subject_text()); }

/// A word begins behind white space, hyphens and opening brackets: not quite as str.title() sees it.
Value run_title(Call& call) {
  const std::string text = call.subject_text();
  std::string out;
  bool begins = true;
  call.context.use_parts(length(text));
  for (const std::string& each : characters(text)) {
    const char32_t c = code_point_at(each, 0).value;
    const bool separates = is_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
    out += begins && !separates ? upper(each) : lower(each);
    begins = separates;
  }
  return call.context.text(std::move(out));
}

Value run_trim(Call& call) {
  std::optional<std::string> set;
  if (call.has(0)) set = call.text(0);
  const std::string text = call.subject_text();
  return call.context.text(std::string(strip_right(strip_left(text, set), set)));
}

Value run_replace(Call& call) {
  const Value text = call.context.text(call.subject_text());
  Context& context = call.context;
  Arguments arguments{
      .positional = {context.text(context.print(*call.given[0])), context.text(context.print(*call.given[1]))}};
  if (call.integer_or(2, 0) > 0) arguments.positional.push_back(call.at(2));
  return run_builtin(call.context, *find_builtin(BuiltinKind::kTextMethod, "replace"), text, std::move(arguments));
}

Value run_center(Call& call) {
  return run_builtin(call.context, *find_builtin(BuiltinKind::kTextMethod, "center"),
                     call.context.text(call.subject_text()), {.positional = {call.integer_or(0, 80)}});
}

Value run_format(Call& call) {
  if (!call.rest.named.empty()) call.context.fail("the filter 'format' with names is not supported");
  return format_percent(call.context, call.subject_text(), call.rest.positional);
}

Value run_indent(Call& call) {
  Context& context = call.context;
  constexpr std::int64_t kWidest = 1000;
  const bool by_text = call.has(0) && call.at(0).is(ValueKind::kText);
  const std::int64_t width = by_text ? 0 : call.integer_or(0, 4);
  if (width > kWidest) context.fail(fmt::format("indents by {}, expected at most {}", width, kWidest));
  const std::string indent =
      by_text ? call.text(0) : std::string(static_cast<std::size_t>(std::max<std::int64_t>(width, 0)), ' ');
  const bool blank_too = call.truth_or(2, false);
  context.use_parts(std::ssize(call.subject_text()));
  const auto lines = split_lines(call.subject_text() + "\n", false);
  context.use_bytes(indent.size() * lines.size());
  std::string out = call.truth_or(1, false) ? indent : "";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += '\n';
    if (i > 0 && (blank_too || !lines[i].empty())) out += indent;
    out += lines[i];
  }
  return context.text(std::move(out));
}

Value run_truncate(Call& call) {
  constexpr std::int64_t kLength = 255, kLeeway = 5;
  const std::string text = call.subject_text();
  const std::string end = call.text_or(2, "...");
  const std::int64_t size = call.integer_or(0, kLength), leeway = call.integer_or(3, kLeeway);
  if (size < length(end))
    call.context.fail(fmt::format("truncates to {}, expected at least the length of the end", size));
  if (leeway < 0) call.context.fail(fmt::format("found a leeway of {}, expected at least 0", leeway));
  if (length(text) <= size || length(text) - size <= leeway) return call.context.text(text);
  std::string cut = slice(text, 0, size - length(end), 1);
  if (!call.truth_or(1, false)) cut = split_at_right(cut, " ", 1).front();
  return call.context.text(cut + end);
}

Value run_wordcount(Call& call) {
  std::int64_t words = 0;
  bool in_word = false;
  for (const char32_t c : decode_utf8(call.subject_text())) {
    words += is_word(c) && !in_word;
    in_word = is_word(c);
  }
  return words;
}

}  // namespace

BuiltinList text_filters_builtins() {
  return {BuiltinKind::kFilter,
          {{"capitalize", "", run_capitalize},
           {"center", "/ width", run_center},
           {"format", "*", run_format},
           {"indent", "/ width first blank", run_indent},
           {"lower", "", run_lower},
           {"replace", "old new / count", run_replace},
           {"safe", "", run_string},
           {"string", "", run_string},
           {"title", "", run_title},
           {"trim", "/ chars", run_trim},
           {"truncate", "/ length killwords end leeway", run_truncate},
           {"upper", "", run_upper},
           {"wordcount", "", run_wordcount}}};
}

}  // namespace kerf::text::jinja
