// What stands behind "is".

#include <fmt/format.h>

#include "text/jinja/builtin.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace kerf::text::jinja {
namespace {

std::int64_t rest_of(Call& call, std::int64_t divisor) {
  return apply_binary(call.context, "%", call.subject, divisor).integer();
}

Value run_boolean(Call& call) { return call.subject.is(ValueKind::kBoolean); }
Value run_callable(Call& call) {
  return call.subject.is(ValueKind::kUndefined) ||
         (call.subject.is(ValueKind::kObject) && call.subject.object()->is_callable());
}
Value run_defined(Call& call) { return !call.subject.is(ValueKind::kUndefined); }
Value run_divisibleby(Call& call) { return rest_of(call, call.integer(0)) == 0; }
Value run_even(Call& call) { return rest_of(call, 2) == 0; }
Value run_odd(Call& call) { return rest_of(call, 2) == 1; }
Value run_true(Call& call) { return call.subject.is(ValueKind::kBoolean) && call.subject.boolean(); }
Value run_false(Call& call) { return call.subject.is(ValueKind::kBoolean) && !call.subject.boolean(); }
Value run_float(Call& call) { return call.subject.is(ValueKind::kReal); }
Value run_integer(Call& call) { return call.subject.is(ValueKind::kInteger); }
Value run_number(Call& call) { return call.subject.is_number(); }
Value run_none(Call& call) { return call.subject.is(ValueKind::kNone); }
Value run_string(Call& call) { return call.subject.is(ValueKind::kText); }
Value run_mapping(Call& call) { return call.subject.is(ValueKind::kDict); }
Value run_undefined(Call& call) { return call.subject.is(ValueKind::kUndefined); }
Value run_sameas(Call& call) { return call.subject.same_as(*call.given[0]); }
Value run_in(Call& call) { return contains(call.context, *call.given[0], call.subject); }
Value run_lower(Call& call) { return is_lower(call.subject_text()); }
Value run_upper(Call& call) { return is_upper(call.subject_text()); }

/// Something undefined has Python's methods of a sequence.
Value run_iterable(Call& call) {
  return call.subject.is(ValueKind::kUndefined) || call.subject.is(ValueKind::kText) ||
         call.subject.is(ValueKind::kSequence) || call.subject.is(ValueKind::kDict);
}
Value run_sequence(Call& call) { return run_iterable(call).boolean() && !call.subject.is_generator(); }

template <char first, char second>
Value run_compare(Call& call) {
  const char name[] = {first, second, '\0'};
  return compare(call.context, name, call.subject, *call.given[0]);
}

}  // namespace

BuiltinList tests_builtins() {
  constexpr auto kEqual = run_compare<'=', '='>, kNotEqual = run_compare<'!', '='>, kLess = run_compare<'<', '\0'>,
                 kAtMost = run_compare<'<', '='>, kGreater = run_compare<'>', '\0'>, kAtLeast = run_compare<'>', '='>;
  return {BuiltinKind::kTest,
          {{"boolean", "", run_boolean},
           {"callable", "", run_callable},
           {"defined", "", run_defined},
           {"divisibleby", "num", run_divisibleby},
           {"eq", "other", kEqual},
           {"==", "other", kEqual},
           {"equalto", "other", kEqual},
           {"even", "", run_even},
           {"false", "", run_false},
           {"float", "", run_float},
           {"ge", "other", kAtLeast},
           {">=", "other", kAtLeast},
           {"greaterthan", "other", kGreater},
           {"gt", "other", kGreater},
           {">", "other", kGreater},
           {"in", "seq", run_in},
           {"integer", "", run_integer},
           {"iterable", "", run_iterable},
           {"le", "other", kAtMost},
           {"<=", "other", kAtMost},
           {"lessthan", "other", kLess},
           {"lower", "", run_lower},
           {"lt", "other", kLess},
           {"<", "other", kLess},
           {"mapping", "", run_mapping},
           {"ne", "other", kNotEqual},
           {"!=", "other", kNotEqual},
           {"none", "", run_none},
           {"number", "", run_number},
           {"odd", "", run_odd},
           {"sameas", "other", run_sameas},
           {"sequence", "", run_sequence},
           {"string", "", run_string},
           {"true", "", run_true},
           {"undefined", "", run_undefined},
           {"upper", "", run_upper}}};
}

}  // namespace kerf::text::jinja
