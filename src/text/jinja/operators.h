#pragma once

#include <optional>
#include <string>

#include "text/jinja/context.h"

namespace kerf::text::jinja {

/// Python's operators. Error(kInput) for operands that they are not made for, division by zero, and integers beyond
/// 64 bits.

/// "+", "-", "*", "/", "//", "%", "**".
Value apply_binary(Context& context, const std::string& name, const Value& left, const Value& right);
/// "-", "+", "not".
Value apply_unary(Context& context, const std::string& name, const Value& value);
/// "==", "!=", "<", "<=", ">", ">=", "in", "not in".
bool compare(Context& context, const std::string& name, const Value& left, const Value& right);
bool contains(Context& context, const Value& value, const Value& part);
/// value[begin:end:step], each absent, none or an integer.
Value slice_of(Context& context, const Value& value, const Value& begin, const Value& end, const Value& step);
/// A text with %s, %d and %% in it, as Python's % fills them.
Value format_percent(Context& context, const std::string& text, const List& items);

}  // namespace kerf::text::jinja
