#include "text/jinja/expression_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "text/jinja/builtin.h"

namespace kerf::text::jinja {
namespace {

using Kind = Expression::Kind;
constexpr std::array<std::string_view, 6> kComparisons{"==", "!=", "<", "<=", ">", ">="};

template <typename Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void ExpressionParser::fail(const std::string& message) const {
  throw_input(file_, fmt::format("line {}", token().line), message);
}

void ExpressionParser::unsupported(std::string_view what, std::string_view name) const {
  fail(fmt::format("the {} {} is not supported", what, quoted(name)));
}

bool ExpressionParser::next_is(TokenKind kind, std::string_view text) const {
  return at_ + 1 < tokens_.size() && tokens_[at_ + 1].kind == kind && tokens_[at_ + 1].text == text;
}

Token ExpressionParser::take() {
  Token result = token();
  if (at_ + 1 < tokens_.size()) ++at_;
  return result;
}

bool ExpressionParser::take_name(std::string_view name) {
  if (!is_name(name)) return false;
  take();
  return true;
}

bool ExpressionParser::take_operator(std::string_view text) {
  if (!is_operator(text)) return false;
  take();
  return true;
}

std::string ExpressionParser::found() const {
  switch (token().kind) {
    case TokenKind::kPrintEnd:
      return "'}}'";
    case TokenKind::kBlockEnd:
      return "'%}'";
    case TokenKind::kText:
      return "a string";
    case TokenKind::kEnd:
      return "the end of the template";
    default:
      return quoted(token().text);
  }
}

void ExpressionParser::expect_operator(std::string_view text) {
  if (!take_operator(text)) fail(fmt::format("found {}, expected {}", found(), quoted(text)));
}

std::string ExpressionParser::expect_name() {
  if (!is(TokenKind::kName)) fail(fmt::format("found {}, expected a name", found()));
  return take().text;
}

ExpressionParser::Deeper::Deeper(ExpressionParser& parser) : parser_(parser) {
  constexpr int kDeepest = 100;
  if (++parser.depth_ > kDeepest) {
    --parser.depth_;
    parser.fail(fmt::format("found parts more than {} deep within each other", kDeepest));
  }
}

std::unique_ptr<Expression> ExpressionParser::make(Expression::Kind kind) const {
  auto result = std::make_unique<Expression>();
  result->kind = kind;
  result->line = token().line;
  return result;
}

void ExpressionParser::attach(Expression& whole, ExpressionPtr part) const {
  // A long chain of operators nests to the left; whoever walks it recurses.
  constexpr int kHighest = 500;
  if (part) whole.height = std::max(whole.height, part->height + 1);
  if (whole.height > kHighest)
    fail(fmt::format("found an expression of more than {} parts within each other", kHighest));
  whole.parts.push_back(std::move(part));
}

ExpressionPtr ExpressionParser::binary(std::string name, ExpressionPtr left, ExpressionPtr right, int line) const {
  auto result = make(Kind::kBinary);
  result->line = line;
  result->name = std::move(name);
  attach(*result, std::move(left));
  attach(*result, std::move(right));
  return result;
}

ExpressionPtr ExpressionParser::expression(bool with_condition) {
  const Deeper deeper(*this);
  ExpressionPtr value = either();
  while (with_condition && is_name("if")) {
    auto result = make(Kind::kCondition);
    take();
    attach(*result, std::move(value));
    attach(*result, either());
    attach(*result, take_name("else") ? expression() : nullptr);
    value = std::move(result);
  }
  return value;
}

ExpressionPtr ExpressionParser::either() {
  ExpressionPtr left = both();
  for (int line = token().line; take_name("or"); line = token().line)
    left = binary("or", std::move(left), both(), line);
  return left;
}

ExpressionPtr ExpressionParser::both() {
  ExpressionPtr left = negation();
  for (int line = token().line; take_name("and"); line = token().line) {
    left = binary("and", std::move(left), negation(), line);
  }
  return left;
}

ExpressionPtr ExpressionParser::negation() {
  if (!is_name("not")) return comparison();
  const Deeper deeper(*this);
  auto result = make(Kind::kUnary);
  take();
  result->name = "not";
  attach(*result, negation());
  return result;
}

std::optional<std::string> ExpressionParser::take_comparison() {
  if (is(TokenKind::kOperator) && contains(kComparisons, token().text)) return take().text;
  if (take_name("in")) return "in";
  if (!is_name("not") || !next_is(TokenKind::kName, "in")) return std::nullopt;
  take();
  take();
  return "not in";
}

ExpressionPtr ExpressionParser::comparison() {
  ExpressionPtr first = sum();
  auto result = make(Kind::kCompare);
  while (const auto name = take_comparison()) {
    result->operators.push_back(*name);
    if (result->parts.empty()) attach(*result, std::move(first));
    attach(*result, sum());
  }
  if (result->operators.empty()) return first;
  return result;
}

ExpressionPtr ExpressionParser::sum() {
  ExpressionPtr left = concatenation();
  while (is_operator("+") || is_operator("-")) {
    const Token sign = take();
    left = binary(sign.text, std::move(left), concatenation(), sign.line);
  }
  return left;
}

ExpressionPtr ExpressionParser::concatenation() {
  ExpressionPtr first = product();
  if (!is_operator("~")) return first;
  auto result = make(Kind::kConcat);
  attach(*result, std::move(first));
  while (take_operator("~")) attach(*result, product());
  return result;
}

ExpressionPtr ExpressionParser::product() {
  ExpressionPtr left = power();
  while (is_operator("*") || is_operator("/") || is_operator("//") || is_operator("%")) {
    const Token sign = take();
    left = binary(sign.text, std::move(left), power(), sign.line);
  }
  return left;
}

ExpressionPtr ExpressionParser::power() {
  ExpressionPtr left = unary();
  while (is_operator("**")) {
    const int line = take().line;
    left = binary("**", std::move(left), unary(), line);
  }
  return left;
}

ExpressionPtr ExpressionParser::unary(bool with_filters) {
  ExpressionPtr value;
  if (is_operator("-") || is_operator("+")) {
    const Deeper deeper(*this);
    auto result = make(Kind::kUnary);
    result->name = take().text;
    attach(*result, unary(false));
    value = std::move(result);
  } else {
    value = primary();
  }
  value = postfix(std::move(value));
  return with_filters ? filters(std::move(value)) : std::move(value);
}

ExpressionPtr ExpressionParser::primary() {
  switch (token().kind) {
    case TokenKind::kName:
      return name_or_constant();
    case TokenKind::kText:
      return text_literal();
    case TokenKind::kInteger:
    case TokenKind::kReal:
      return number();
    default:
      break;
  }
  if (is_operator("(")) return parenthesis();
  if (is_operator("[")) return list_literal();
  if (is_operator("{")) return dict_literal();
  fail(fmt::format("found {}, expected a value", found()));
}

ExpressionPtr ExpressionParser::name_or_constant() {
  auto result = make(Kind::kLiteral);
  if (is_name("true") || is_name("True")) {
    result->value = true;
  } else if (is_name("false") || is_name("False")) {
    result->value = false;
  } else if (is_name("none") || is_name("None")) {
    result->value = nullptr;
  } else {
    result->kind = Kind::kName;
    result->name = token().text;
  }
  take();
  return result;
}

ExpressionPtr ExpressionParser::text_literal() {
  auto result = make(Kind::kLiteral);
  std::string text;
  while (is(TokenKind::kText)) text += take().text;
  result->value = std::move(text);
  return result;
}

ExpressionPtr ExpressionParser::number() {
  auto result = make(Kind::kLiteral);
  const std::string digits = token().text;
  std::int64_t integer = 0;
  double real = 0;
  const char* end = digits.data() + digits.size();
  const auto parsed = is(TokenKind::kInteger) ? std::from_chars(digits.data(), end, integer)
                                              : std::from_chars(digits.data(), end, real);
  if (parsed.ec != std::errc() || parsed.ptr != end)
    fail(fmt::format("found a number that is too large: {}", quoted(digits)));
  result->value = is(TokenKind::kInteger) ? Value(integer) : Value(real);
  take();
  return result;
}

ExpressionPtr ExpressionParser::parenthesis() {
  const Deeper deeper(*this);
  expect_operator("(");
  ExpressionPtr value = tuple(true, true);
  expect_operator(")");
  return value;
}

bool ExpressionParser::ends_tuple() const {
  return is(TokenKind::kPrintEnd) || is(TokenKind::kBlockEnd) || is(TokenKind::kEnd) || is_operator(")") ||
         is_operator("=") || is_name("in") || is_name("recursive");
}

ExpressionPtr ExpressionParser::tuple(bool with_condition, bool may_be_empty) {
  auto result = make(Kind::kTuple);
  bool is_tuple = false;
  while (!ends_tuple()) {
    attach(*result, expression(with_condition));
    if (!take_operator(",")) break;
    is_tuple = true;
  }
  if (result->parts.empty() && !may_be_empty) fail(fmt::format("found {}, expected a value", found()));
  if (is_tuple || result->parts.empty()) return result;
  return std::move(result->parts.front());
}

ExpressionPtr ExpressionParser::list_literal() {
  const Deeper deeper(*this);
  auto result = make(Kind::kList);
  expect_operator("[");
  while (!is_operator("]")) {
    attach(*result, expression());
    if (!take_operator(",")) break;
  }
  expect_operator("]");
  return result;
}

ExpressionPtr ExpressionParser::dict_literal() {
  const Deeper deeper(*this);
  auto result = make(Kind::kDict);
  expect_operator("{");
  while (!is_operator("}")) {
    attach(*result, expression());
    expect_operator(":");
    attach(*result, expression());
    if (!take_operator(",")) break;
  }
  expect_operator("}");
  return result;
}

ExpressionPtr ExpressionParser::postfix(ExpressionPtr value) {
  for (;;) {
    if (is_operator(".")) {
      value = attribute(std::move(value));
    } else if (is_operator("[")) {
      value = subscript(std::move(value));
    } else if (is_operator("(")) {
      value = call(std::move(value));
    } else {
      return value;
    }
  }
}

ExpressionPtr ExpressionParser::filters(ExpressionPtr value) {
  for (;;) {
    if (take_operator("|")) {
      value = filter(std::move(value));
    } else if (take_name("is")) {
      value = test(std::move(value));
    } else if (is_operator("(")) {
      value = call(std::move(value));
    } else {
      return value;
    }
  }
}

ExpressionPtr ExpressionParser::attribute(ExpressionPtr value) {
  take();
  const bool is_index = is(TokenKind::kInteger);
  auto result = make(is_index ? Kind::kItem : Kind::kAttribute);
  attach(*result, std::move(value));
  if (is_index) {
    attach(*result, number());
  } else {
    result->name = expect_name();
  }
  return result;
}

ExpressionPtr ExpressionParser::subscript(ExpressionPtr value) {
  const Deeper deeper(*this);
  auto result = make(Kind::kItem);
  expect_operator("[");
  attach(*result, std::move(value));
  const auto part = [&] { return is_operator(":") || is_operator("]") ? nullptr : expression(); };
  attach(*result, part());
  while (result->parts.size() < 4 && take_operator(":")) {
    result->kind = Kind::kSlice;
    attach(*result, part());
  }
  if (result->kind == Kind::kItem && !result->parts[1]) fail("found nothing between brackets, expected a key");
  if (result->kind == Kind::kSlice) result->parts.resize(4);
  expect_operator("]");
  return result;
}

CallArguments ExpressionParser::call_arguments() {
  const Deeper deeper(*this);
  CallArguments arguments;
  expect_operator("(");
  while (!is_operator(")")) {
    if (is_operator("*") || is_operator("**")) unsupported("argument list", token().text + "...");
    if (is(TokenKind::kName) && next_is(TokenKind::kOperator, "=")) {
      std::string name = take().text;
      take();
      arguments.named.emplace_back(std::move(name), expression());
    } else {
      if (!arguments.named.empty()) fail("found an argument without a name behind one with a name");
      arguments.positional.push_back(expression());
    }
    if (!take_operator(",")) break;
  }
  expect_operator(")");
  return arguments;
}

ExpressionPtr ExpressionParser::call(ExpressionPtr value) {
  auto result = make(Kind::kCall);
  attach(*result, std::move(value));
  result->arguments = call_arguments();
  return result;
}

ExpressionPtr ExpressionParser::filter(ExpressionPtr value) {
  auto result = make(Kind::kFilter);
  attach(*result, std::move(value));
  if (is(TokenKind::kName) && !find_builtin(BuiltinKind::kFilter, token().text)) unsupported("filter", token().text);
  result->name = expect_name();
  if (is_operator("(")) result->arguments = call_arguments();
  return result;
}

ExpressionPtr ExpressionParser::test(ExpressionPtr value) {
  auto result = make(Kind::kTest);
  const int line = token().line;
  const bool negated = take_name("not");
  attach(*result, std::move(value));
  if (is(TokenKind::kName) && !find_builtin(BuiltinKind::kTest, token().text)) unsupported("test", token().text);
  result->name = expect_name();
  const bool begins_value = is(TokenKind::kName) || is(TokenKind::kText) || is(TokenKind::kInteger) ||
                            is(TokenKind::kReal) || is_operator("[") || is_operator("{");
  if (is_operator("(")) {
    result->arguments = call_arguments();
  } else if (begins_value && !is_name("else") && !is_name("or") && !is_name("and")) {
    if (is_name("is")) fail("found a second test behind 'is'");
    result->arguments.positional.push_back(postfix(primary()));
  }
  if (!negated) return result;
  auto opposite = make(Kind::kUnary);
  opposite->line = line;
  opposite->name = "not";
  attach(*opposite, std::move(result));
  return opposite;
}

}  // namespace kerf::text::jinja
