#include "text/jinja/interpreter.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/strings.h"
#include "text/jinja/builtin.h"
#include "text/jinja/loop.h"
#include "text/jinja/operators.h"

namespace kerf::text::jinja {
namespace {

using Kind = Statement::Kind;

/// A macro, and the variables that it sees.
class Macro : public Object {
 public:
  Macro(Interpreter& interpreter, const Statement& statement, ScopePtr scope)
      : interpreter_(interpreter), statement_(statement), scope_(std::move(scope)) {}
  std::string_view name() const override { return "a macro"; }
  bool is_callable() const override { return true; }
  std::optional<Value> attribute(std::string_view name) const override {
    return name == "name" ? std::optional<Value>(statement_.name) : std::nullopt;
  }
  Value call(Context&, Arguments arguments) override {
    return interpreter_.run_macro(statement_, scope_, std::move(arguments));
  }
  void release() override { scope_.reset(); }

 private:
  Interpreter& interpreter_;
  const Statement& statement_;
  ScopePtr scope_;
};

}  // namespace

const Value* Scope::find(const std::string& name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent.get()) {
    const auto found = scope->names.find(name);
    if (found != scope->names.end()) return &found->second;
  }
  return nullptr;
}

/// Counts how deep the walk through the template recurses.
class Interpreter::Deeper {
 public:
  explicit Deeper(Interpreter& interpreter) : interpreter_(interpreter) {
    constexpr int kDeepest = 1200;
    if (interpreter.depth_ >= kDeepest) interpreter.context_.fail("nests too deeply");
    ++interpreter.depth_;
  }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;
  ~Deeper() { --interpreter_.depth_; }

 private:
  Interpreter& interpreter_;
};

Interpreter::Flow Interpreter::run(const Body& body, const ScopePtr& scope, std::string& out) {
  const Deeper deeper(*this);
  for (const auto& statement : body) {
    context_.at_line(statement->line);
    context_.step();
    if (const Flow flow = run_one(*statement, scope, out); flow != Flow::kOn) return flow;
  }
  return Flow::kOn;
}

Interpreter::Flow Interpreter::run_one(const Statement& statement, const ScopePtr& scope, std::string& out) {
  switch (statement.kind) {
    case Kind::kIf:
      return run(evaluate(*statement.value, scope).truth() ? statement.body : statement.otherwise, scope, out);
    case Kind::kScope:
      return run(statement.body, std::make_shared<Scope>(scope), out);
    case Kind::kWith: {
      const auto inner = std::make_shared<Scope>(scope);
      for (const auto& [target, value] : statement.assignments) assign(target, evaluate(*value, scope), inner);
      return run(statement.body, inner, out);
    }
    case Kind::kBreak:
      return Flow::kBreak;
    case Kind::kContinue:
      return Flow::kContinue;
    default:
      print(statement, scope, out);
      return Flow::kOn;
  }
}

/// Statements behind which the next one always follows.
void Interpreter::print(const Statement& statement, const ScopePtr& scope, std::string& out) {
  switch (statement.kind) {
    case Kind::kData:
      return append(out, statement.name);
    case Kind::kPrint:
      return append(out, context_.print(evaluate(*statement.value, scope)));
    case Kind::kFor:
      return run_loop(statement, evaluate(*statement.value, scope), scope, 0, out);
    case Kind::kSet:
      return assign(statement.target, evaluate(*statement.value, scope), scope);
    case Kind::kMacro:
      scope->names[statement.name] = Value(std::shared_ptr<Object>(context_.object<Macro>(*this, statement, scope)));
      return;
    case Kind::kCallBlock:
      return call_block(statement, scope, out);
    default:
      break;
  }
  Value text = captured(statement.body, scope);
  if (statement.value) {
    const Value* around = std::exchange(filtered_, &text);
    Value result = evaluate(*statement.value, scope);
    filtered_ = around;
    text = std::move(result);
  }
  if (statement.kind == Kind::kSetBlock) return assign(statement.target, text, scope);
  append(out, context_.print(text));
}

void Interpreter::append(std::string& out, const std::string& text) {
  context_.use_bytes(text.size());
  out += text;
}

Value Interpreter::captured(const Body& body, const ScopePtr& scope) {
  std::string text;
  run(body, std::make_shared<Scope>(scope), text);
  return context_.text(std::move(text));
}

void Interpreter::assign(const Target& target, const Value& value, const ScopePtr& scope) {
  if (!target.several.empty()) {
    const List items = context_.items_of(context_.defined(value));
    if (items.size() != target.several.size()) {
      context_.fail(fmt::format("found {} values, expected {}", items.size(), target.several.size()));
    }
    for (std::size_t i = 0; i < items.size(); ++i) assign(target.several[i], items[i], scope);
  } else if (target.attribute.empty()) {
    scope->names[target.name] = value;
  } else {
    const Value* found = scope->find(target.name);
    if (found == nullptr || !found->is(ValueKind::kObject)) {
      context_.fail(fmt::format("{} is no namespace, whose attribute could be set", quoted(target.name)));
    }
    found->object()->set_attribute(context_, target.attribute, value);
  }
}

List Interpreter::filtered(const Statement& statement, const Value& value, const ScopePtr& scope) {
  List items = context_.items_of(value);
  if (!statement.condition) return items;
  List kept;
  for (Value& item : items) {
    const auto inner = std::make_shared<Scope>(scope);
    assign(statement.target, item, inner);
    if (evaluate(*statement.condition, inner).truth()) kept.push_back(std::move(item));
  }
  return kept;
}

void Interpreter::run_loop(const Statement& statement, const Value& value, const ScopePtr& scope, int depth,
                           std::string& out) {
  const List items = filtered(statement, value, scope);
  if (items.empty()) {
    run(statement.otherwise, std::make_shared<Scope>(scope), out);
    return;
  }
  std::function<std::string(const Value&)> recurse;
  if (statement.recursive) {
    recurse = [this, &statement, scope, depth](const Value& inner) {
      const Context::Deeper deeper(context_);
      std::string text;
      run_loop(statement, inner, scope, depth + 1, text);
      return text;
    };
  }
  const auto loop = make_loop(context_, items, depth, std::move(recurse));
  for (std::size_t i = 0; i < items.size(); ++i) {
    loop->move_to(static_cast<std::int64_t>(i));
    const auto inner = std::make_shared<Scope>(scope);
    inner->names["loop"] = Value(std::shared_ptr<Object>(loop));
    assign(statement.target, items[i], inner);
    if (run(statement.body, inner, out) == Flow::kBreak) break;
  }
}

Value Interpreter::run_macro(const Statement& statement, const ScopePtr& defined_in, Arguments arguments) {
  const Context::Deeper deeper(context_);
  const int line = context_.line();
  const auto scope = std::make_shared<Scope>(defined_in);
  const auto& parameters = statement.parameters;
  if (arguments.positional.size() > parameters.size()) {
    context_.fail(fmt::format("the macro {} has {} arguments, expected at most {}", quoted(statement.name),
                              arguments.positional.size(), parameters.size()));
  }
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) {
    scope->names[parameters[i].name] = std::move(arguments.positional[i]);
  }
  for (auto& [name, value] : arguments.named) {
    const bool is_known =
        name == "caller" || std::any_of(parameters.begin(), parameters.end(),
                                        [&name = name](const Parameter& p) { return p.name == name; });
    if (!is_known) context_.fail(fmt::format("the macro {} has no argument {}", quoted(statement.name), quoted(name)));
    scope->names[name] = std::move(value);
  }
  for (const Parameter& parameter : parameters) {
    if (scope->names.contains(parameter.name)) continue;
    scope->names[parameter.name] =
        parameter.initial ? evaluate(*parameter.initial, scope)
                          : Value::undefined(fmt::format("the argument {} was not given", quoted(parameter.name)));
  }
  std::string text;
  run(statement.body, scope, text);
  context_.at_line(line);
  return context_.text(std::move(text));
}

void Interpreter::call_block(const Statement& statement, const ScopePtr& scope, std::string& out) {
  const Expression& call = *statement.value;
  const Value callee = evaluate(*call.parts[0], scope);
  Arguments given = arguments(call.arguments, scope);
  given.named.emplace_back("caller", Value(std::shared_ptr<Object>(context_.object<Macro>(*this, statement, scope))));
  append(out, context_.print(context_.call(callee, std::move(given))));
}

// ---- expressions ---------------------------------------------------------------------------------------------------

Value Interpreter::evaluate(const Expression& expression, const ScopePtr& scope) {
  const Deeper deeper(*this);
  context_.at_line(expression.line);
  context_.step();
  return evaluate_here(expression, scope);
}

Value Interpreter::operand(const Expression& expression, std::size_t i, const ScopePtr& scope) {
  Value value = evaluate(*expression.parts[i], scope);
  context_.at_line(expression.line);
  return value;
}

Value Interpreter::evaluate_here(const Expression& expression, const ScopePtr& scope) {
  using Shape = Expression::Kind;
  switch (expression.kind) {
    case Shape::kLiteral:
      return expression.value;
    case Shape::kName:
      return look_up(expression.name, scope);
    case Shape::kList:
      return context_.list(list(expression, scope));
    case Shape::kTuple:
      return context_.list(list(expression, scope), SequenceKind::kTuple);
    case Shape::kDict:
      return dict(expression, scope);
    case Shape::kAttribute:
      return context_.attribute(operand(expression, 0, scope), expression.name);
    case Shape::kItem: {
      const Value value = operand(expression, 0, scope);
      return context_.item(value, operand(expression, 1, scope));
    }
    case Shape::kSlice:
      return slice(expression, scope);
    case Shape::kCall: {
      const Value callee = operand(expression, 0, scope);
      Arguments given = arguments(expression.arguments, scope);
      context_.at_line(expression.line);
      return context_.call(callee, std::move(given));
    }
    case Shape::kFilter:
      return filter(expression, scope);
    case Shape::kTest: {
      const Value value = operand(expression, 0, scope);
      return context_.test(expression.name, value, arguments(expression.arguments, scope));
    }
    case Shape::kUnary:
      return apply_unary(context_, expression.name, operand(expression, 0, scope));
    case Shape::kBinary:
      return binary(expression, scope);
    case Shape::kConcat: {
      std::string text;
      for (const Value& part : list(expression, scope)) text += context_.print(part);
      return context_.text(std::move(text));
    }
    case Shape::kCompare:
      return comparison(expression, scope);
    case Shape::kCondition:
      return condition(expression, scope);
  }
  return {};
}

Value Interpreter::look_up(const std::string& name, const ScopePtr& scope) {
  if (const Value* found = scope->find(name)) return *found;
  for (const std::string_view special : {"varargs", "kwargs", "self", "super", "lipsum", "cycler"}) {
    if (name == special) context_.fail(fmt::format("the variable {} is not supported", quoted(name)));
  }
  return Value::undefined(fmt::format("{} is undefined", quoted(name)));
}

List Interpreter::list(const Expression& expression, const ScopePtr& scope) {
  List items;
  for (const ExpressionPtr& part : expression.parts) items.push_back(evaluate(*part, scope));
  return items;
}

Value Interpreter::dict(const Expression& expression, const ScopePtr& scope) {
  Value::Dict dict;
  for (std::size_t i = 0; i + 1 < expression.parts.size(); i += 2) {
    Value key = context_.defined(evaluate(*expression.parts[i], scope));
    if (!key.is(ValueKind::kNone) && !key.is_number() && !key.is(ValueKind::kText)) {
      context_.fail(fmt::format("found {} as a key, expected a string", key.kind_name()));
    }
    dict.set(std::move(key), evaluate(*expression.parts[i + 1], scope));
  }
  return context_.dict(std::move(dict));
}

Value Interpreter::slice(const Expression& expression, const ScopePtr& scope) {
  const auto part = [&](std::size_t i) { return expression.parts[i] ? operand(expression, i, scope) : Value(nullptr); };
  const Value value = part(0), begin = part(1), end = part(2), step = part(3);
  return slice_of(context_, value, begin, end, step);
}

Value Interpreter::filter(const Expression& expression, const ScopePtr& scope) {
  const Value value = expression.parts[0] ? operand(expression, 0, scope) : *filtered_;
  Arguments given = arguments(expression.arguments, scope);
  context_.at_line(expression.line);
  return context_.filter(expression.name, value, std::move(given));
}

Value Interpreter::binary(const Expression& expression, const ScopePtr& scope) {
  Value left = operand(expression, 0, scope);
  if (expression.name == "and") return left.truth() ? operand(expression, 1, scope) : std::move(left);
  if (expression.name == "or") return left.truth() ? std::move(left) : operand(expression, 1, scope);
  const Value right = operand(expression, 1, scope);
  return apply_binary(context_, expression.name, left, right);
}

Value Interpreter::comparison(const Expression& expression, const ScopePtr& scope) {
  Value left = operand(expression, 0, scope);
  for (std::size_t i = 0; i < expression.operators.size(); ++i) {
    Value right = operand(expression, i + 1, scope);
    if (!compare(context_, expression.operators[i], left, right)) return false;
    left = std::move(right);
  }
  return true;
}

Value Interpreter::condition(const Expression& expression, const ScopePtr& scope) {
  if (operand(expression, 1, scope).truth()) return operand(expression, 0, scope);
  if (!expression.parts[2]) return Value::undefined("an 'if' without 'else' has no value");
  return operand(expression, 2, scope);
}

Arguments Interpreter::arguments(const CallArguments& given, const ScopePtr& scope) {
  Arguments result;
  for (const ExpressionPtr& value : given.positional) result.positional.push_back(evaluate(*value, scope));
  for (const auto& [name, value] : given.named) result.named.emplace_back(name, evaluate(*value, scope));
  return result;
}

}  // namespace kerf::text::jinja
