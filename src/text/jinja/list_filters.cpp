// Filters over what can be walked.

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "core/strings.h"
#include "text/jinja/builtin.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace kerf::text::jinja {
namespace {

Value generator(Call& call, List items) { return call.context.list(std::move(items), SequenceKind::kGenerator); }

/// item.a.0.b of "a.0.b"; of a number the item with it.
Value attribute_of(Context& context, Value value, const Value& path) {
  if (path.is_integer()) return context.item(value, path);
  if (!path.is(ValueKind::kText))
    context.fail(fmt::format("found {}, expected the name of an attribute", path.kind_name()));
  for (const std::string& part : split(path.text(), '.')) {
    const bool is_index =
        !part.empty() && part.size() < 10 && part.find_first_not_of("0123456789") == std::string::npos;
    value = context.item(value, is_index ? Value(static_cast<std::int64_t>(std::stoll(part))) : Value(part));
  }
  return value;
}

Value run_length(Call& call) {
  const Value& value = call.subject;
  if (value.is(ValueKind::kUndefined)) return 0;
  if (value.is(ValueKind::kText)) {
    call.context.step(std::ssize(value.text()) / 64);
    return length(value.text());
  }
  if (value.is(ValueKind::kDict)) return std::ssize(value.dict().entries());
  if (value.is(ValueKind::kSequence) && !value.is_generator()) return std::ssize(value.sequence().items);
  call.context.fail(fmt::format("{} has no length", value.kind_name()));
}

Value run_list(Call& call) { return call.context.list(call.context.items_of(call.subject)); }

Value run_first(Call& call) {
  const List items = call.context.items_of(call.subject);
  return items.empty() ? Value::undefined("there is no first item: the sequence is empty") : items.front();
}

Value run_last(Call& call) {
  const List items = call.context.items_of(call.subject);
  return items.empty() ? Value::undefined("there is no last item: the sequence is empty") : items.back();
}

Value run_reverse(Call& call) {
  if (call.subject.is(ValueKind::kText)) return slice_of(call.context, call.subject, nullptr, nullptr, -1);
  List items = call.context.items_of(call.subject);
  std::reverse(items.begin(), items.end());
  return generator(call, std::move(items));
}

Value run_join(Call& call) {
  const std::string separator = call.has(0) ? call.context.print(call.at(0)) : "";
  std::string out;
  bool is_first = true;
  for (const Value& item : call.context.items_of(call.subject)) {
    if (!is_first) out += separator;
    is_first = false;
    const std::string part = call.context.print(call.has(1) ? attribute_of(call.context, item, call.at(1)) : item);
    call.context.use_bytes(part.size() + separator.size());
    out += part;
  }
  return call.context.text(std::move(out));
}

Value run_items(Call& call) {
  if (call.subject.is(ValueKind::kUndefined)) return generator(call, {});
  if (!call.subject.is(ValueKind::kDict))
    call.context.fail(fmt::format("found {}, expected a dict", call.subject.kind_name()));
  List items;
  for (const auto& [key, value] : call.subject.dict().entries()) {
    items.push_back(call.context.list({key, value}, SequenceKind::kTuple));
  }
  return generator(call, std::move(items));
}

Value run_map(Call& call) {
  Arguments& rest = call.rest;
  List result;
  if (rest.positional.empty()) {
    std::optional<Value> attribute;
    Value fallback;
    for (auto& [name, value] : rest.named) {
      if (name == "attribute") {
        attribute = value;
      } else if (name == "default") {
        fallback = value;
      } else {
        call.context.fail(fmt::format("map() has no argument {}", quoted(name)));
      }
    }
    if (!attribute) call.context.fail("map() lacks the name of a filter or an attribute");
    for (const Value& item : call.context.items_of(call.subject)) {
      Value value = attribute_of(call.context, item, *attribute);
      result.push_back(value.is(ValueKind::kUndefined) && !fallback.is(ValueKind::kUndefined) ? fallback
                                                                                              : std::move(value));
    }
    return generator(call, std::move(result));
  }
  if (!rest.positional.front().is(ValueKind::kText)) call.context.fail("map() lacks the name of a filter");
  const std::string name = rest.positional.front().text();
  const Arguments arguments{.positional = {rest.positional.begin() + 1, rest.positional.end()}, .named = rest.named};
  for (const Value& item : call.context.items_of(call.subject)) {
    result.push_back(call.context.filter(name, item, arguments));
  }
  return generator(call, std::move(result));
}

/// select(), reject(), selectattr(), rejectattr(): those whose test says `wanted`.
Value choose(Call& call, bool by_attribute, bool wanted) {
  List given = call.rest.positional;
  std::optional<Value> attribute;
  if (by_attribute) {
    if (given.empty()) call.context.fail("lacks the name of the attribute to choose by");
    attribute = given.front();
    given.erase(given.begin());
  }
  std::string test;
  Arguments arguments{.positional = {}, .named = call.rest.named};
  if (!given.empty()) {
    if (!given.front().is(ValueKind::kText)) call.context.fail("lacks the name of a test");
    test = given.front().text();
    arguments.positional.assign(given.begin() + 1, given.end());
  }
  List kept;
  for (const Value& item : call.context.items_of(call.subject)) {
    const Value value = attribute ? attribute_of(call.context, item, *attribute) : item;
    const bool found = test.empty() ? value.truth() : call.context.test(test, value, arguments);
    if (found == wanted) kept.push_back(item);
  }
  return generator(call, std::move(kept));
}

Value run_select(Call& call) { return choose(call, false, true); }
Value run_reject(Call& call) { return choose(call, false, false); }
Value run_selectattr(Call& call) { return choose(call, true, true); }
Value run_rejectattr(Call& call) { return choose(call, true, false); }

/// What an item is ordered by: the attributes of a list with commas, text in lower case unless case counts.
Value sort_key(Context& context, const Value& item, const std::optional<Value>& attribute, bool case_counts) {
  const auto folded = [&](Value value) {
    return !case_counts && value.is(ValueKind::kText) ? context.text(lower(value.text())) : std::move(value);
  };
  if (!attribute) return folded(item);
  if (!attribute->is(ValueKind::kText) || attribute->text().find(',') == std::string::npos) {
    return folded(attribute_of(context, item, *attribute));
  }
  List keys;
  for (const std::string& part : split(attribute->text(), ','))
    keys.push_back(folded(attribute_of(context, item, part)));
  return context.list(std::move(keys));
}

bool is_less(Context& context, const Value& a, const Value& b) {
  context.step();
  return compare(context, "<", a, b);
}

List sorted(Context& context, const List& items, const std::optional<Value>& attribute, bool case_counts,
            bool reverse) {
  struct Keyed {
    Value key;
    const Value* item;
  };
  std::vector<Keyed> keyed;
  for (const Value& item : items) keyed.push_back({sort_key(context, item, attribute, case_counts), &item});
  std::stable_sort(keyed.begin(), keyed.end(), [&](const Keyed& a, const Keyed& b) {
    return reverse ? is_less(context, b.key, a.key) : is_less(context, a.key, b.key);
  });
  List result;
  for (const Keyed& each : keyed) result.push_back(*each.item);
  return result;
}

std::optional<Value> given(const Call& call, std::size_t i) {
  return call.has(i) ? std::optional<Value>(call.at(i)) : std::nullopt;
}

Value run_sort(Call& call) {
  return call.context.list(sorted(call.context, call.context.items_of(call.subject), given(call, 2),
                                  call.truth_or(1, false), call.truth_or(0, false)));
}

Value run_dictsort(Call& call) {
  if (!call.subject.is(ValueKind::kDict))
    call.context.fail(fmt::format("found {}, expected a dict", call.subject.kind_name()));
  const std::string part = call.text_or(1, "key");
  if (part != "key" && part != "value")
    call.context.fail(fmt::format("found {}, expected 'key' or 'value'", quoted(part)));
  List items;
  for (const auto& [key, value] : call.subject.dict().entries()) {
    items.push_back(call.context.list({key, value}, SequenceKind::kTuple));
  }
  return call.context.list(
      sorted(call.context, items, Value(part == "key" ? 0 : 1), call.truth_or(0, false), call.truth_or(2, false)));
}

Value extreme(Call& call, bool largest) {
  const List items = call.context.items_of(call.subject);
  if (items.empty()) return Value::undefined("there is no item: the sequence is empty");
  // The first of equal ones.
  const Value* best = nullptr;
  Value best_key;
  for (const Value& item : items) {
    Value key = sort_key(call.context, item, given(call, 1), call.truth_or(0, false));
    if (best == nullptr || (largest ? is_less(call.context, best_key, key) : is_less(call.context, key, best_key))) {
      best = &item;
      best_key = std::move(key);
    }
  }
  return *best;
}

Value run_max(Call& call) { return extreme(call, true); }
Value run_min(Call& call) { return extreme(call, false); }

Value run_sum(Call& call) {
  Value total = call.has(1) ? call.at(1) : Value(0);
  for (const Value& item : call.context.items_of(call.subject)) {
    total = apply_binary(call.context, "+", total, call.has(0) ? attribute_of(call.context, item, call.at(0)) : item);
  }
  return total;
}

Value run_unique(Call& call) {
  std::unordered_set<std::string> seen;
  List result;
  for (const Value& item : call.context.items_of(call.subject)) {
    const Value key = sort_key(call.context, item, given(call, 1), call.truth_or(0, false));
    if (seen.insert(call.context.repr(key)).second) result.push_back(item);
  }
  return generator(call, std::move(result));
}

}  // namespace

BuiltinList list_filters_builtins() {
  return {BuiltinKind::kFilter,
          {{"count", "", run_length},
           {"dictsort", "/ case_sensitive by reverse", run_dictsort},
           {"first", "", run_first},
           {"items", "", run_items},
           {"join", "/ d attribute", run_join},
           {"last", "", run_last},
           {"length", "", run_length},
           {"list", "", run_list},
           {"map", "*", run_map},
           {"max", "/ case_sensitive attribute", run_max},
           {"min", "/ case_sensitive attribute", run_min},
           {"reject", "*", run_reject},
           {"rejectattr", "*", run_rejectattr},
           {"reverse", "", run_reverse},
           {"select", "*", run_select},
           {"selectattr", "*", run_selectattr},
           {"sort", "/ reverse case_sensitive attribute", run_sort},
           {"sum", "/ attribute start", run_sum},
           {"unique", "/ case_sensitive attribute", run_unique}}};
}

}  // namespace kerf::text::jinja
