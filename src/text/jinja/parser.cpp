#include "text/jinja/parser.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/strings.h"
#include "text/jinja/expression_parser.h"

namespace kerf::text::jinja {
namespace {

using Kind = Statement::Kind;

class Parser : ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  Body run() {
    Body body = statements({});
    if (!is(TokenKind::kEnd)) fail(fmt::format("found {}, which nothing begins", found()));
    return body;
  }

 private:
  std::unique_ptr<Statement> start(Kind kind) const {
    auto statement = std::make_unique<Statement>();
    statement->kind = kind;
    statement->line = token().line;
    return statement;
  }

  void end_block() {
    if (!is(TokenKind::kBlockEnd)) fail(fmt::format("found {}, expected '%}}'", found()));
    take();
  }

  /// Does a block begin here whose name is one of these?
  bool at_block(const std::vector<std::string_view>& names) const {
    return is(TokenKind::kBlockBegin) && std::any_of(names.begin(), names.end(), [&](std::string_view name) {
             return next_is(TokenKind::kName, name);
           });
  }

  /// Statements until a block with one of these names begins, or the template ends.
  Body statements(const std::vector<std::string_view>& ends) {
    const Deeper deeper(*this);
    Body body;
    while (!is(TokenKind::kEnd) && !at_block(ends)) {
      if (is(TokenKind::kData)) {
        auto data = start(Kind::kData);
        data->name = take().text;
        body.push_back(std::move(data));
      } else if (is(TokenKind::kPrintBegin)) {
        auto print = start(Kind::kPrint);
        take();
        print->value = tuple(true);
        if (!is(TokenKind::kPrintEnd)) fail(fmt::format("found {}, expected '}}}}'", found()));
        take();
        body.push_back(std::move(print));
      } else {
        take();
        body.push_back(block());
      }
    }
    return body;
  }

  /// A body and the block that ends it, up to the name; which is returned.
  std::string body_until(Body& body, const std::vector<std::string_view>& ends, std::string_view what, int line) {
    body = statements(ends);
    if (is(TokenKind::kEnd))
      fail(fmt::format("found the end of the template, expected the end of {} of line {}", quoted(what), line));
    take();
    return take().text;
  }

  void closed_body(Statement& statement, std::string_view end, std::string_view what) {
    body_until(statement.body, {end}, what, statement.line);
    end_block();
  }

  std::unique_ptr<Statement> block() {
    static const std::vector<std::pair<std::string_view, std::unique_ptr<Statement> (Parser::*)()>> blocks{
        {"if", &Parser::if_block},
        {"for", &Parser::for_block},
        {"set", &Parser::set_block},
        {"macro", &Parser::macro_block},
        {"call", &Parser::call_block},
        {"filter", &Parser::filter_block},
        {"with", &Parser::with_block},
        {"break", &Parser::break_loop},
        {"continue", &Parser::continue_loop},
        {"generation", &Parser::generation_block}};
    for (const auto& [name, parse] : blocks) {
      if (is_name(name)) return (this->*parse)();
    }
    const std::string name = expect_name();
    if (starts_with(name, "end") || name == "else" || name == "elif")
      fail(fmt::format("found {}, which nothing begins", quoted(name)));
    unsupported("block", name);
  }

  /// Behind 'if' or 'elif'.
  std::unique_ptr<Statement> if_block() {
    const Deeper deeper(*this);
    auto statement = start(Kind::kIf);
    take();
    statement->value = tuple(false);
    end_block();
    const std::vector<std::string_view> ends{"elif", "else", "endif"};
    statement->body = statements(ends);
    if (is(TokenKind::kEnd))
      fail(fmt::format("found the end of the template, expected the end of 'if' of line {}", statement->line));
    take();
    if (is_name("elif")) {
      statement->otherwise.push_back(if_block());  // it ends with the same endif
      return statement;
    }
    if (take().text == "else") {
      end_block();
      closed_otherwise(*statement, "endif", "if");
    } else {
      end_block();
    }
    return statement;
  }

  void closed_otherwise(Statement& statement, std::string_view end, std::string_view what) {
    body_until(statement.otherwise, {end}, what, statement.line);
    end_block();
  }

  std::unique_ptr<Statement> for_block() {
    auto statement = start(Kind::kFor);
    take();
    statement->target = target();
    if (!take_name("in")) fail(fmt::format("found {}, expected 'in'", found()));
    statement->value = tuple(false);
    if (take_name("if")) statement->condition = expression();
    statement->recursive = take_name("recursive");
    end_block();
    ++loops_;
    const std::string end = body_until(statement->body, {"else", "endfor"}, "for", statement->line);
    --loops_;
    end_block();
    if (end == "else") closed_otherwise(*statement, "endfor", "for");
    return statement;
  }

  std::unique_ptr<Statement> set_block() {
    auto statement = start(Kind::kSet);
    take();
    statement->target = target();
    if (take_operator("=")) {
      statement->value = tuple(true);
      end_block();
      return statement;
    }
    statement->kind = Kind::kSetBlock;
    if (is_operator("|")) statement->value = filters(nullptr);
    end_block();
    closed_body(*statement, "endset", "set");
    return statement;
  }

  Target single_target() {
    Target result;
    if (take_operator("(")) {
      result = target();
      expect_operator(")");
      return result;
    }
    result.name = expect_name();
    static const std::vector<std::string_view> reserved{"true", "false", "none", "True", "False", "None", "and", "or",
                                                        "not",  "in",    "is",   "if",   "else",  "elif", "for"};
    if (std::find(reserved.begin(), reserved.end(), result.name) != reserved.end()) {
      fail(fmt::format("found {}, expected the name of a variable", quoted(result.name)));
    }
    if (take_operator(".")) result.attribute = expect_name();
    return result;
  }

  Target target() {
    const Deeper deeper(*this);
    Target first = single_target();
    if (!is_operator(",")) return first;
    Target all;
    all.several.push_back(std::move(first));
    while (take_operator(",")) {
      if (is_name("in") || is_operator("=") || is_operator(")")) break;
      all.several.push_back(single_target());
    }
    return all;
  }

  void read_parameters(Statement& statement) {
    expect_operator("(");
    while (!is_operator(")")) {
      Parameter parameter{expect_name(), nullptr};
      if (take_operator("=")) {
        parameter.initial = expression();
      } else if (!statement.parameters.empty() && statement.parameters.back().initial) {
        fail("found a parameter without a default behind one with a default");
      }
      statement.parameters.push_back(std::move(parameter));
      if (!take_operator(",")) break;
    }
    expect_operator(")");
  }

  std::unique_ptr<Statement> macro_block() {
    auto statement = start(Kind::kMacro);
    take();
    statement->name = expect_name();
    read_parameters(*statement);
    end_block();
    const int loops = std::exchange(loops_, 0);
    closed_body(*statement, "endmacro", "macro");
    loops_ = loops;
    return statement;
  }

  std::unique_ptr<Statement> call_block() {
    auto statement = start(Kind::kCallBlock);
    take();
    if (is_operator("(")) read_parameters(*statement);
    statement->value = expression();
    if (statement->value->kind != Expression::Kind::kCall) fail("found no call behind 'call'");
    end_block();
    const int loops = std::exchange(loops_, 0);
    closed_body(*statement, "endcall", "call");
    loops_ = loops;
    return statement;
  }

  std::unique_ptr<Statement> filter_block() {
    auto statement = start(Kind::kFilterBlock);
    take();
    statement->value = filters(filter(nullptr));
    end_block();
    closed_body(*statement, "endfilter", "filter");
    return statement;
  }

  std::unique_ptr<Statement> with_block() {
    auto statement = start(Kind::kWith);
    take();
    while (!is(TokenKind::kBlockEnd)) {
      if (!statement->assignments.empty()) expect_operator(",");
      Target name = single_target();
      expect_operator("=");
      statement->assignments.emplace_back(std::move(name), expression());
    }
    end_block();
    closed_body(*statement, "endwith", "with");
    return statement;
  }

  /// What transformers marks for training: it prints its body.
  std::unique_ptr<Statement> generation_block() {
    auto statement = start(Kind::kScope);
    take();
    end_block();
    closed_body(*statement, "endgeneration", "generation");
    return statement;
  }

  std::unique_ptr<Statement> jump(Kind kind) {
    auto statement = start(kind);
    if (loops_ == 0) fail(fmt::format("found {} outside of a loop", quoted(token().text)));
    take();
    end_block();
    return statement;
  }
  std::unique_ptr<Statement> break_loop() { return jump(Kind::kBreak); }
  std::unique_ptr<Statement> continue_loop() { return jump(Kind::kContinue); }

  int loops_ = 0;
};

}  // namespace

Body parse_template(std::string_view source, const std::string& file) {
  return Parser(cut_template(source, file), file).run();
}

}  // namespace kerf::text::jinja
