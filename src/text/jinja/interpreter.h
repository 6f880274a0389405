#pragma once

#include <map>
#include <memory>
#include <string>

#include "text/jinja/context.h"
#include "text/jinja/syntax.h"

namespace kerf::text::jinja {

/// Variables, and those around them.
struct Scope {
  explicit Scope(std::shared_ptr<Scope> around = nullptr) : parent(std::move(around)) {}
  const Value* find(const std::string& name) const;
  std::shared_ptr<Scope> parent;
  std::map<std::string, Value> names;
};
using ScopePtr = std::shared_ptr<Scope>;

/// Runs a template once.
class Interpreter {
 public:
  explicit Interpreter(Context& context) : context_(context) {}

  enum class Flow { kOn, kBreak, kContinue };
  Flow run(const Body& body, const ScopePtr& scope, std::string& out);
  Value evaluate(const Expression& expression, const ScopePtr& scope);
  /// What a loop prints over `value`; `depth` of loops that call themselves.
  void run_loop(const Statement& statement, const Value& value, const ScopePtr& scope, int depth, std::string& out);
  /// What a macro prints.
  Value run_macro(const Statement& statement, const ScopePtr& defined_in, Arguments arguments);

 private:
  class Deeper;
  Flow run_one(const Statement& statement, const ScopePtr& scope, std::string& out);
  void print(const Statement& statement, const ScopePtr& scope, std::string& out);
  void append(std::string& out, const std::string& text);
  void assign(const Target& target, const Value& value, const ScopePtr& scope);
  Value captured(const Body& body, const ScopePtr& scope);
  void call_block(const Statement& statement, const ScopePtr& scope, std::string& out);
  List filtered(const Statement& statement, const Value& value, const ScopePtr& scope);

  Value look_up(const std::string& name, const ScopePtr& scope);
  Value evaluate_here(const Expression& expression, const ScopePtr& scope);
  Value binary(const Expression& expression, const ScopePtr& scope);
  Value comparison(const Expression& expression, const ScopePtr& scope);
  Value condition(const Expression& expression, const ScopePtr& scope);
  Value dict(const Expression& expression, const ScopePtr& scope);
  Value slice(const Expression& expression, const ScopePtr& scope);
  Value filter(const Expression& expression, const ScopePtr& scope);
  List list(const Expression& expression, const ScopePtr& scope);
  Arguments arguments(const CallArguments& given, const ScopePtr& scope);
  Value operand(const Expression& expression, std::size_t i, const ScopePtr& scope);

  Context& context_;
  const Value* filtered_ = nullptr;  ///< what {% filter %} and {% set %} apply their filters to
  int depth_ = 0;
};

}  // namespace kerf::text::jinja
