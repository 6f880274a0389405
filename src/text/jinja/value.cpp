#include "text/jinja/value.h"

#include <algorithm>

#include <fmt/format.h>

#include "text/jinja/context.h"

namespace kerf::text::jinja {
namespace {

/// Keys that Python takes for the same give the same.
std::string index_key(const Value& key) {
  switch (key.kind()) {
    case ValueKind::kText:
      return "t" + key.text();
    case ValueKind::kBoolean:
    case ValueKind::kInteger:
      return fmt::format("n{}", key.integer());
    case ValueKind::kReal:
      return fmt::format("n{}", key.real());
    default:
      return std::string(key.kind_name());
  }
}

std::optional<int> order_of_lists(const List& a, const List& b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (!equal(a[i], b[i])) return order(a[i], b[i]);
  }
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

bool equal_dicts(const Value::Dict& a, const Value::Dict& b) {
  return a.entries().size() == b.entries().size() &&
         std::all_of(a.entries().begin(), a.entries().end(), [&](const auto& entry) {
           const Value* other = b.find(entry.first);
           return other != nullptr && equal(entry.second, *other);
         });
}

}  // namespace

Value::Value() = default;
Value::Value(const Value& other) = default;
Value::Value(Value&& other) noexcept = default;
Value& Value::operator=(const Value& other) = default;
Value& Value::operator=(Value&& other) noexcept = default;
Value::~Value() = default;

void Value::Extent::add(const Extent& part) {
  depth = std::max(depth, part.depth + 1);
  nodes += part.nodes;
}

const Value* Value::Dict::find(const Value& key) const {
  const auto found = index_.find(index_key(key));
  return found == index_.end() ? nullptr : &entries_[found->second].second;
}

void Value::Dict::set(Value key, Value value) {
  extent_.add(value.extent());
  const auto [place, is_new] = index_.try_emplace(index_key(key), entries_.size());
  if (is_new) {
    entries_.emplace_back(std::move(key), std::move(value));
  } else {
    entries_[place->second].second = std::move(value);
  }
}

Value Value::undefined(std::string why) {
  Value result;
  result.value_ = Undefined{std::make_shared<const std::string>(std::move(why))};
  return result;
}

Value Value::from_json(const Json& json) {
  if (json.is_null()) return nullptr;
  if (json.is_bool()) return json.as_bool();
  if (json.is_string()) return json.as_string();
  if (json.is_array()) {
    auto sequence = std::make_shared<Sequence>();
    for (const Json& item : json.as_array()) {
      sequence->items.push_back(from_json(item));
      sequence->extent.add(sequence->items.back().extent());
    }
    return std::shared_ptr<const Sequence>(std::move(sequence));
  }
  if (json.is_object()) {
    auto dict = std::make_shared<Dict>();
    for (const auto& [key, value] : json.as_object()) dict->set(key, from_json(value));
    return std::shared_ptr<const Dict>(std::move(dict));
  }
  // An integer beyond 63 bits becomes a real number: nothing that chat messages hold.
  constexpr double kLargest = 9.2e18;
  if (json.is_integer() && json.as_double() < kLargest) return json.as_int64();
  return json.as_double();
}

bool Value::is_generator() const { return is(ValueKind::kSequence) && sequence().kind == SequenceKind::kGenerator; }

std::string Value::why() const {
  const auto& why = std::get<Undefined>(value_).why;
  return why ? *why : "an undefined value was used";
}

bool Value::truth() const {
  switch (kind()) {
    case ValueKind::kUndefined:
    case ValueKind::kNone:
      return false;
    case ValueKind::kBoolean:
    case ValueKind::kInteger:
      return integer() != 0;
    case ValueKind::kReal:
      return real() != 0;
    case ValueKind::kText:
      return !text().empty();
    case ValueKind::kSequence:
      return is_generator() || !sequence().items.empty();
    case ValueKind::kDict:
      return !dict().entries().empty();
    case ValueKind::kObject:
      return true;
  }
  return false;
}

Value::Extent Value::extent() const {
  return is(ValueKind::kSequence) ? sequence().extent : is(ValueKind::kDict) ? dict().extent() : Extent{};
}

std::string_view Value::kind_name() const {
  switch (kind()) {
    case ValueKind::kUndefined:
      return "undefined";
    case ValueKind::kNone:
      return "none";
    case ValueKind::kBoolean:
      return "a boolean";
    case ValueKind::kInteger:
      return "an integer";
    case ValueKind::kReal:
      return "a number";
    case ValueKind::kText:
      return "a string";
    case ValueKind::kSequence:
      return is_generator() ? "a generator" : sequence().kind == SequenceKind::kTuple ? "a tuple" : "a list";
    case ValueKind::kDict:
      return "a dict";
    case ValueKind::kObject:
      return object()->name();
  }
  return "";
}

bool Value::same_as(const Value& other) const {
  if (kind() != other.kind()) return false;
  switch (kind()) {
    case ValueKind::kSequence:
      return &sequence() == &other.sequence();
    case ValueKind::kDict:
      return &dict() == &other.dict();
    case ValueKind::kObject:
      return object() == other.object();
    default:
      return equal(*this, other);
  }
}

bool equal(const Value& a, const Value& b) {
  if (a.is_integer() && b.is_integer()) return a.integer() == b.integer();
  if (a.is_number() && b.is_number()) return a.real() == b.real();
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case ValueKind::kText:
      return a.text() == b.text();
    case ValueKind::kSequence:
      return a.sequence().kind == b.sequence().kind &&
             std::equal(a.sequence().items.begin(), a.sequence().items.end(), b.sequence().items.begin(),
                        b.sequence().items.end(), equal);
    case ValueKind::kDict:
      return equal_dicts(a.dict(), b.dict());
    case ValueKind::kObject:
      return a.object() == b.object();
    default:
      return true;
  }
}

std::optional<int> order(const Value& a, const Value& b) {
  const auto three_way = [](auto x, auto y) { return x < y ? -1 : x > y ? 1 : 0; };
  if (a.is_integer() && b.is_integer()) return three_way(a.integer(), b.integer());
  if (a.is_number() && b.is_number()) return three_way(a.real(), b.real());
  // The order of UTF-8's bytes is that of the code points.
  if (a.is(ValueKind::kText) && b.is(ValueKind::kText)) return three_way(a.text().compare(b.text()), 0);
  if (a.is(ValueKind::kSequence) && b.is(ValueKind::kSequence) && a.sequence().kind == b.sequence().kind) {
    return order_of_lists(a.sequence().items, b.sequence().items);
  }
  return std::nullopt;
}

// Those that are overridden keep their arguments.
// NOLINTBEGIN(performance-unnecessary-value-param)
void Object::set_attribute(Context& context, const std::string&, Value) {
  context.fail(fmt::format("found {}, expected a namespace to set an attribute of", name()));
}

Value Object::call(Context& context, Arguments) { context.fail(fmt::format("{} is not callable", name())); }
// NOLINTEND(performance-unnecessary-value-param)

}  // namespace kerf::text::jinja
