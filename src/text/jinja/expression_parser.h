#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/lexer.h"
#include "text/jinja/syntax.h"

namespace kerf::text::jinja {

/// Expressions, by Jinja's precedence. Errors name the file and the line.
class ExpressionParser {
 public:
  ExpressionParser(std::vector<Token> tokens, const std::string& file) : tokens_(std::move(tokens)), file_(file) {}

 protected:
  [[noreturn]] void fail(const std::string& message) const;
  [[noreturn]] void unsupported(std::string_view what, std::string_view name) const;

  const Token& token() const { return tokens_[at_]; }
  bool is(TokenKind kind) const { return token().kind == kind; }
  bool is_name(std::string_view name) const { return is(TokenKind::kName) && token().text == name; }
  bool is_operator(std::string_view text) const { return is(TokenKind::kOperator) && token().text == text; }
  bool next_is(TokenKind kind, std::string_view text) const;
  Token take();
  bool take_name(std::string_view name);
  bool take_operator(std::string_view text);
  void expect_operator(std::string_view text);
  std::string expect_name();
  /// What stands here, for messages.
  std::string found() const;

  /// Parsers of nested parts count their depth while they live.
  class Deeper {
   public:
    explicit Deeper(ExpressionParser& parser);
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    ~Deeper() { --parser_.depth_; }

   private:
    ExpressionParser& parser_;
  };

  ExpressionPtr expression(bool with_condition = true);
  /// One expression, or several with commas between as a tuple; empty only where `may_be_empty`.
  ExpressionPtr tuple(bool with_condition, bool may_be_empty = false);
  CallArguments call_arguments();
  /// Filters, tests and calls behind a value.
  ExpressionPtr filters(ExpressionPtr value);
  ExpressionPtr filter(ExpressionPtr value);
  ExpressionPtr unary(bool with_filters = true);

  std::unique_ptr<Expression> make(Expression::Kind kind) const;

 private:
  /// Makes `part` the next one of `whole`.
  void attach(Expression& whole, ExpressionPtr part) const;
  ExpressionPtr either();
  ExpressionPtr both();
  ExpressionPtr negation();
  std::optional<std::string> take_comparison();
  ExpressionPtr comparison();
  ExpressionPtr sum();
  ExpressionPtr concatenation();
  ExpressionPtr product();
  ExpressionPtr power();
  ExpressionPtr primary();
  ExpressionPtr name_or_constant();
  ExpressionPtr text_literal();
  ExpressionPtr number();
  ExpressionPtr parenthesis();
  ExpressionPtr list_literal();
  ExpressionPtr dict_literal();
  ExpressionPtr postfix(ExpressionPtr value);
  ExpressionPtr subscript(ExpressionPtr value);
  ExpressionPtr attribute(ExpressionPtr value);
  ExpressionPtr call(ExpressionPtr value);
  ExpressionPtr test(ExpressionPtr value);
  ExpressionPtr binary(std::string name, ExpressionPtr left, ExpressionPtr right, int line) const;
  bool ends_tuple() const;

  std::vector<Token> tokens_;
  const std::string& file_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace kerf::text::jinja
