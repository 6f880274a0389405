#include "text/jinja/context.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "text/jinja/builtin.h"
#include "text/jinja/python_text.h"

namespace kerf::text::jinja {
namespace {

constexpr std::int64_t kDeepest = 100, kMostNodes = 1'000'000;

std::optional<BuiltinKind> methods_of(const Value& value) {
  switch (value.kind()) {
    case ValueKind::kText:
      return BuiltinKind::kTextMethod;
    case ValueKind::kSequence:
      return BuiltinKind::kListMethod;
    case ValueKind::kDict:
      return BuiltinKind::kDictMethod;
    default:
      return std::nullopt;
  }
}

/// Methods that Python has and kerf does not: a template that asks for one must not see "undefined". Those that change
/// what they belong to are refused by transformers too.
bool is_missing_method(ValueKind kind, std::string_view name) {
  static const std::vector<std::string_view> text{"casefold",  "encode",       "expandtabs",  "format_map",
                                                  "isascii",   "isidentifier", "isprintable", "istitle",
                                                  "maketrans", "swapcase",     "translate"};
  static const std::vector<std::string_view> list{"append", "clear",  "copy",    "extend", "insert",
                                                  "pop",    "remove", "reverse", "sort"};
  static const std::vector<std::string_view> dict{"clear",   "copy",       "fromkeys", "pop",
                                                  "popitem", "setdefault", "update"};
  const auto& names = kind == ValueKind::kText ? text : kind == ValueKind::kSequence ? list : dict;
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// A method of a value. The value was there before it, so that it never leads back here.
class Method : public Object {
 public:
  Method(const Builtin& builtin, Value self) : builtin_(builtin), self_(std::move(self)) {}
  std::string_view name() const override { return "a method"; }
  bool is_callable() const override { return true; }
  Value call(Context& context, Arguments arguments) override {
    return run_builtin(context, builtin_, self_, std::move(arguments));
  }

 private:
  const Builtin& builtin_;
  Value self_;
};

template <typename Print>
std::string print_list(Context& context, const List& items, std::string_view open, std::string_view close,
                       Print print) {
  std::string out(open);
  bool is_first = true;
  for (const Value& item : items) {
    if (!is_first) out += ", ";
    is_first = false;
    out += print(item);
  }
  context.step(static_cast<std::int64_t>(items.size()));
  return out += close;
}

}  // namespace

Context::~Context() {
  for (const auto& object : objects_) object->release();
}

void Context::keep(std::shared_ptr<Object> object) {
  constexpr std::size_t kObjectBytes = 128;
  use_bytes(kObjectBytes);
  objects_.push_back(std::move(object));
}

void Context::fail(std::string message) const { throw_input(file_, fmt::format("line {}", line_), std::move(message)); }

void Context::step(std::int64_t count) {
  left_.steps -= count;
  if (left_.steps < 0) fail(fmt::format("takes more than {} steps", limits_.steps));
}

void Context::use_bytes(std::size_t count) {
  if (count > static_cast<std::uint64_t>(left_.bytes)) {
    fail(fmt::format("makes more than {} of text and lists", human_bytes(static_cast<std::uint64_t>(limits_.bytes))));
  }
  left_.bytes -= static_cast<std::int64_t>(count);
}

Context::Deeper::Deeper(Context& context) : context_(context) {
  if (context.left_.calls <= 0)
    context.fail(fmt::format("macros call each other more than {} deep", context.limits_.calls));
  --context.left_.calls;
}

Value Context::text(std::string value) {
  constexpr std::int64_t kBytesPerStep = 64;
  use_bytes(value.size() + sizeof(std::string));
  step(static_cast<std::int64_t>(value.size()) / kBytesPerStep);
  return value;
}

Value Context::list(List items, SequenceKind kind) {
  use_bytes(sizeof(Value::Sequence) + items.size() * sizeof(Value));
  step(static_cast<std::int64_t>(items.size()));
  auto sequence = std::make_shared<Value::Sequence>();
  for (const Value& item : items) sequence->extent.add(item.extent());
  if (sequence->extent.depth > kDeepest) fail(fmt::format("makes lists more than {} deep", kDeepest));
  if (sequence->extent.nodes > kMostNodes) fail(fmt::format("makes a list of more than {} values", kMostNodes));
  sequence->items = std::move(items);
  sequence->kind = kind;
  return std::shared_ptr<const Value::Sequence>(std::move(sequence));
}

Value Context::dict(Value::Dict dict) {
  constexpr std::size_t kEntryBytes = 128;
  use_bytes(sizeof(Value::Dict) + dict.entries().size() * kEntryBytes);
  step(static_cast<std::int64_t>(dict.entries().size()));
  if (dict.extent().depth > kDeepest) fail(fmt::format("makes dicts more than {} deep", kDeepest));
  if (dict.extent().nodes > kMostNodes) fail(fmt::format("makes a dict of more than {} values", kMostNodes));
  return std::shared_ptr<const Value::Dict>(std::make_shared<const Value::Dict>(std::move(dict)));
}

const Value& Context::defined(const Value& value) const {
  if (value.is(ValueKind::kUndefined)) fail(value.why());
  return value;
}

Value Context::attribute(const Value& value, const std::string& name) {
  step();
  defined(value);
  if (value.is(ValueKind::kObject)) {
    if (auto found = value.object()->attribute(name)) return *std::move(found);
  } else if (const auto methods = methods_of(value)) {
    if (const Builtin* method = find_builtin(*methods, name))
      return Value(std::shared_ptr<Object>(std::make_shared<Method>(*method, value)));
    if (value.is(ValueKind::kDict)) {
      if (const Value* found = value.dict().find(name)) return *found;
    }
    if (is_missing_method(value.kind(), name)) {
      fail(fmt::format("the method {} of {} is not supported", quoted(name), value.kind_name()));
    }
  }
  return Value::undefined(fmt::format("{} has no attribute {}", value.kind_name(), quoted(name)));
}

Value Context::item(const Value& value, const Value& key) {
  step();
  defined(value);
  if (value.is(ValueKind::kDict)) {
    if (const Value* found = value.dict().find(defined(key))) return *found;
  } else if (value.is(ValueKind::kSequence) && !value.is_generator() && key.is_integer()) {
    const List& items = value.sequence().items;
    const std::int64_t at = key.integer() < 0 ? key.integer() + std::ssize(items) : key.integer();
    if (at >= 0 && at < std::ssize(items)) return items[static_cast<std::size_t>(at)];
  } else if (value.is(ValueKind::kText) && key.is_integer()) {
    step(std::ssize(value.text()) / 64);
    const std::int64_t count = length(value.text());
    const std::int64_t at = key.integer() < 0 ? key.integer() + count : key.integer();
    if (at >= 0 && at < count) return text(slice(value.text(), at, at + 1, 1));
  }
  if (key.is(ValueKind::kText)) return attribute(value, key.text());
  return Value::undefined(fmt::format("{} has no item {}", value.kind_name(), repr(key)));
}

Value Context::call(const Value& callee, Arguments arguments) {
  step();
  defined(callee);
  if (!callee.is(ValueKind::kObject)) fail(fmt::format("{} is not callable", callee.kind_name()));
  return callee.object()->call(*this, std::move(arguments));
}

Value Context::filter(const std::string& name, const Value& value, Arguments arguments) {
  const Builtin* found = find_builtin(BuiltinKind::kFilter, name);
  if (found == nullptr) fail(unknown_name("filter", name, names_of(BuiltinKind::kFilter)));
  return run_builtin(*this, *found, value, std::move(arguments));
}

bool Context::test(const std::string& name, const Value& value, Arguments arguments) {
  const Builtin* found = find_builtin(BuiltinKind::kTest, name);
  if (found == nullptr) fail(unknown_name("test", name, names_of(BuiltinKind::kTest)));
  return run_builtin(*this, *found, value, std::move(arguments)).truth();
}

List Context::items_of(const Value& value) {
  List items;
  switch (value.kind()) {
    case ValueKind::kUndefined:
      break;
    case ValueKind::kSequence:
      if (value.is_generator() && std::exchange(value.sequence().spent, true)) break;
      items = value.sequence().items;
      break;
    case ValueKind::kDict:
      for (const auto& entry : value.dict().entries()) items.push_back(entry.first);
      break;
    case ValueKind::kText:
      use_parts(length(value.text()));
      for (std::string& each : characters(value.text())) items.push_back(text(std::move(each)));
      break;
    default:
      fail(fmt::format("{} cannot be walked", value.kind_name()));
  }
  step(static_cast<std::int64_t>(items.size()));
  use_bytes(items.size() * sizeof(Value));
  return items;
}

std::string Context::print(const Value& value) {
  if (value.is(ValueKind::kUndefined)) return "";
  if (value.is(ValueKind::kText)) return value.text();
  return repr(value);
}

std::string Context::repr(const Value& value) {
  const auto each = [&](const Value& item) { return repr(item); };
  switch (value.kind()) {
    case ValueKind::kUndefined:
      return "Undefined";
    case ValueKind::kNone:
      return "None";
    case ValueKind::kBoolean:
      return value.boolean() ? "True" : "False";
    case ValueKind::kInteger:
      return fmt::format("{}", value.integer());
    case ValueKind::kReal:
      return real_repr(value.real());
    case ValueKind::kText:
      use_bytes(value.text().size());
      return text_repr(value.text());
    case ValueKind::kSequence: {
      const List& items = value.sequence().items;
      if (value.is_generator()) fail("a generator is printed; a list would show its items");
      if (value.sequence().kind == SequenceKind::kList) return print_list(*this, items, "[", "]", each);
      return print_list(*this, items, "(", items.size() == 1 ? ",)" : ")", each);
    }
    case ValueKind::kDict: {
      std::string out = "{";
      for (const auto& [key, item] : value.dict().entries()) {
        if (out.size() > 1) out += ", ";
        out += repr(key) + ": " + repr(item);
        step();
      }
      return out + "}";
    }
    case ValueKind::kObject:
      fail(fmt::format("{} is printed, which shows nothing of use", value.object()->name()));
  }
  return "";
}

}  // namespace kerf::text::jinja
