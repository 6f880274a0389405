// Methods of list and dict that change nothing.

#include <algorithm>

#include <fmt/format.h>

#include "text/jinja/builtin.h"

namespace kerf::text::jinja {
namespace {

const std::vector<Value::Dict::Entry>& entries(const Call& call) { return call.subject.dict().entries(); }

Value run_items(Call& call) {
  List items;
  for (const auto& [key, value] : entries(call)) items.push_back(call.context.list({key, value}, SequenceKind::kTuple));
  return call.context.list(std::move(items));
}

Value run_keys(Call& call) { return call.context.list(call.context.items_of(call.subject)); }

Value run_values(Call& call) {
  List items;
  for (const auto& entry : entries(call)) items.push_back(entry.second);
  return call.context.list(std::move(items));
}

Value run_get(Call& call) {
  if (const Value* found = call.subject.dict().find(call.context.defined(*call.given[0]))) return *found;
  return call.given[1] ? *call.given[1] : Value(nullptr);
}

const List& checked_items(Call& call) {
  call.context.step(call.subject.extent().nodes);
  if (call.subject.is_generator()) call.context.fail("a generator has no such method");
  return call.subject.sequence().items;
}

Value run_count(Call& call) {
  const List& items = checked_items(call);
  return std::count_if(items.begin(), items.end(), [&](const Value& item) { return equal(item, *call.given[0]); });
}

Value run_index(Call& call) {
  const List& items = checked_items(call);
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const Value& item) { return equal(item, *call.given[0]); });
  if (found == items.end()) call.context.fail("looks for the index of an item that the list does not have");
  return found - items.begin();
}

}  // namespace

BuiltinList dict_methods_builtins() {
  return {BuiltinKind::kDictMethod,
          {{"get", "key / default", run_get},
           {"items", "", run_items},
           {"keys", "", run_keys},
           {"values", "", run_values}}};
}

BuiltinList list_methods_builtins() {
  return {BuiltinKind::kListMethod, {{"count", "value", run_count}, {"index", "value", run_index}}};
}

}  // namespace kerf::text::jinja
