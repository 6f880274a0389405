#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/context.h"

namespace kerf::text::jinja {

/// A call of something built in: its arguments by the places of its parameters.
struct Call {
  Context& context;
  const Value& subject;                     ///< what the filter, test or method is applied to
  std::vector<std::optional<Value>> given;  ///< of the parameters, in their order
  Arguments rest{};                         ///< what a parameter "*" takes

  /// None counts as not given.
  bool has(std::size_t i) const { return given[i].has_value() && !given[i]->is(ValueKind::kNone); }
  const Value& at(std::size_t i) const { return *given[i]; }
  /// Error(kInput) unless it is one.
  const std::string& text(std::size_t i) const;
  std::int64_t integer(std::size_t i) const;
  std::string text_or(std::size_t i, std::string_view fallback) const {
    return has(i) ? text(i) : std::string(fallback);
  }
  std::int64_t integer_or(std::size_t i, std::int64_t fallback) const { return has(i) ? integer(i) : fallback; }
  bool truth_or(std::size_t i, bool fallback) const { return has(i) ? at(i).truth() : fallback; }
  /// The subject as text: that of anything is what it prints as.
  std::string subject_text() const { return context.print(subject); }
};

/// A filter, test, method or function. `parameters`: their names, as Python's are called, separated by spaces; those
/// behind "/" may be left out, a "*" at the end takes any others.
struct Builtin {
  std::string_view name;
  std::string_view parameters;
  Value (*run)(Call& call);
};

using Builtins = std::vector<Builtin>;
enum class BuiltinKind { kFilter, kTest, kFunction, kTextMethod, kListMethod, kDictMethod };

struct BuiltinList {
  BuiltinKind kind;
  Builtins builtins;
};

/// For X(name) in builtins.def, a function name_builtins() that gives a list.
#define X(name) BuiltinList name##_builtins();
#include "text/jinja/builtins.def"
#undef X

/// All lists of a kind as one.
const Builtins& builtins(BuiltinKind kind);
/// nullptr if there is none of that name.
const Builtin* find_builtin(BuiltinKind kind, std::string_view name);
/// Sorts the arguments to the parameters and runs it. Error(kInput) for one too many, missing or unknown.
Value run_builtin(Context& context, const Builtin& builtin, const Value& subject, Arguments arguments);
/// The names, for messages.
std::vector<std::string> names_of(BuiltinKind kind);

}  // namespace kerf::text::jinja
