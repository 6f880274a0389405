#include "text/jinja/template.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"

namespace kerf::text::jinja {
namespace {

using test::expect_error;

std::string render(std::string_view source, const Json& variables = Json::object(), const Limits& limits = {}) {
  return Template(source, "t.jinja").render(variables, limits).text;
}

void expect_refused(std::string_view source, const std::string& message) {
  SCOPED_TRACE(source);
  expect_error(ErrorCode::kInput, message, [&] { render(source); });
}

/// "text", "raised" or "error", and what.
std::pair<std::string, std::string> outcome(const std::string& source, const Json& variables) {
  try {
    return {"text", render(source, variables)};
  } catch (const Raised& raised) {
    return {"raised", raised.message};
  } catch (const Error& error) {
    return {"error", error.what()};
  }
}

TEST(Template, PrintsWhatJinjaDoes) {
  const std::string path = test::source_dir() + "/tests/golden/templates.json";
  const Json golden = Json::parse(read_file(path, 1 << 20), path);
  const Json::Array& chats = golden.find("chats")->as_array();
  int same = 0;
  for (const Json& each : golden.find("cases")->as_array()) {
    const std::string source = each.find("template")->as_string();
    SCOPED_TRACE(source);
    const Json* chat = each.find("chat");
    const auto [kind, text] =
        outcome(source, chat ? chats[static_cast<std::size_t>(chat->as_int64())] : *golden.find("values"));
    ASSERT_TRUE(each.contains(kind)) << kind << ": " << text;
    if (kind == "error") continue;
    EXPECT_EQ(text, each.find(kind)->as_string());
    ++same;
  }
  EXPECT_GT(same, 120);
}

TEST(Template, NamesTheLineOfWhatIsNotSupported) {
  expect_refused("a\n\n{% include 'x' %}", "t.jinja: line 3: the block 'include' is not supported");
  expect_refused("{{ x }}\n{{ x | urlencode }}", "t.jinja: line 2: the filter 'urlencode' is not supported");
  expect_refused("{{ x is escaped }}", "line 1: the test 'escaped' is not supported");
  expect_refused("\n{{ 'x'.encode('utf8') }}", "line 2: the method 'encode' of a string is not supported");
  expect_refused("{{ [].append(1) }}", "the method 'append' of a list is not supported");
  expect_refused("{% macro m() %}{{ varargs }}{% endmacro %}{{ m() }}", "the variable 'varargs' is not supported");
  expect_refused("{{ f(*x) }}", "the argument list '*...' is not supported");
  expect_refused("{{ '{:>4}'.format(1) }}", "the format '{:>4}' is not supported");
  expect_refused("{{ '%5.1f' % 2.5 }}", "the format '%5' is not supported");
}

TEST(Template, NamesTheLineOfWhatIsMalformed) {
  expect_refused("\n{% if true %}\n", "expected the end of 'if' of line 2");
  expect_refused("{{ 'abc }}", "line 1: found a string that does not end");
  expect_refused("a\n{# b", "found a comment that does not end");
  expect_refused("{% endif %}", "found 'endif', which nothing begins");
  expect_refused("{{ (1, 2 }}", "found '}', expected ')'");
  expect_refused("{{ x y }}", "found 'y', expected '}}'");
  expect_refused("{% for x y %}", "found 'y', expected 'in'");
  expect_refused("{% break %}", "found 'break' outside of a loop");
  expect_refused("{{ 99999999999999999999 }}", "found a number that is too large");
}

TEST(Template, NamesTheLineOfWhatFails) {
  expect_refused("a\n{{ x.y }}", "t.jinja: line 2: 'x' is undefined");
  expect_refused("{% for m in\n [1] %}\n{{ m + 'a' }}{% endfor %}",
                 "line 3: '+' is not defined for an integer and a string");
  expect_refused("{{ 9223372036854775807 + 1 }}", "makes an integer of more than 64 bits");
  expect_refused("{{ -9223372036854775807 - 1 - 1 }}", "makes an integer of more than 64 bits");
  expect_refused("{{ 1 % 0 }}", "divides by zero");
}

TEST(Template, RaisesWhatItRefuses) {
  try {
    render("{{ raise_exception('no ' ~ 1) }}");
    FAIL();
  } catch (const Raised& raised) {
    EXPECT_EQ(raised.message, "no 1");
  }
}

TEST(Template, SaysThatItAskedForTheDate) {
  const Template dated("{{ strftime_now('%d %b %Y') }}", "t.jinja");
  const auto rendered = dated.render(Json::object());
  EXPECT_EQ(rendered.text, "26 Jul 2024");
  EXPECT_TRUE(rendered.used_date);
  EXPECT_FALSE(Template("x", "t.jinja").render(Json::object()).used_date);
}

// ---- other people's programs ---------------------------------------------------------------------------------------

TEST(Template, StopsWhatDoesNotEnd) {
  expect_refused("{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}", "takes more than");
  expect_refused("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "macros call each other more than 64 deep");
  expect_refused("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "macros call each other more than 64 deep");
}

TEST(Template, StopsWhatGrows) {
  expect_refused("{{ 'x' * 999999999999 }}", "makes more than 128.0 MiB");
  expect_refused("{{ ['x'] * 99999999 }}", "makes more than");
  expect_refused("{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
                 "makes more than");
  expect_refused("{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}",
                 "makes a list of more than 1000000 values");
  expect_refused("{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}",
                 "makes lists more than 100 deep");
  expect_refused("{{ 'a'.center(9999999999) }}", "makes more than");
  expect_refused("{{ ('a' * 9999999).replace('', 'b' * 9999) }}", "makes more than");
  expect_refused("{{ range(1000000000) }}", "makes a range of more than 100000 numbers");
}

TEST(Template, StopsWhatIsDeep) {
  const auto repeated = [](const std::string& part, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += part;
    return text;
  };
  expect_refused("{{ " + repeated("(", 5000) + "1" + repeated(")", 5000) + " }}", "deep");
  expect_refused("{{ " + repeated("not ", 5000) + "1 }}", "deep");
  expect_refused("{{ 1" + repeated(" + 1", 5000) + " }}", "within each other");
  expect_refused("{{ x" + repeated(".x", 5000) + " }}", "within each other");
  expect_refused("{{ x" + repeated(" | trim", 5000) + " }}", "within each other");
  expect_refused(repeated("{% if x %}", 5000), "deep");
  EXPECT_EQ(render("{{ 1" + repeated(" + 1", 300) + " }}"), "301");
}

TEST(Template, LeavesNothingBehindThatLeadsBack) {
  EXPECT_EQ(
      render("{% set ns = namespace() %}{% set ns.self_ = ns %}{% set ns.list = [ns, [ns]] %}"
             "{% macro m() %}{{ ns is defined }}{% endmacro %}{% set ns.m = m %}{{ ns.m() }}"
             "{% for x in [1] %}{% set ns.loop = loop %}{% set ns.c = loop.changed %}{% endfor %}{{ ns.c(ns.c) }}"),
      "TrueTrue");
}

TEST(Template, ReachesNothingButItsVariables) {
  EXPECT_EQ(render("{{ ''.__class__ }}|{{ [].__len__ }}|{{ x.__globals__ if x is defined }}"), "||");
  EXPECT_EQ(render("{{ ('__class__') is defined }}{{ {'__a': 1}['__a'] }}"), "True1");
}

}  // namespace
}  // namespace kerf::text::jinja
