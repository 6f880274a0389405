#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "core/json.h"

namespace kerf::text::jinja {

class Context;
class Value;
using List = std::vector<Value>;

/// Something that only the interpreter makes: a macro, a method of a value, the variable `loop`, a namespace.
class Object;

enum class ValueKind { kUndefined, kNone, kBoolean, kInteger, kReal, kText, kSequence, kDict, kObject };
/// What of Python's a sequence is: it shows in how it prints, and a generator can be walked once and has no length.
enum class SequenceKind { kList, kTuple, kGenerator };

/// A value of the template language, as Python's are: text is UTF-8 and counted in code points. Immutable; parts are
/// shared.
class Value {
 public:
  /// How deep sequences and dicts stand within each other, and how many values they hold in all, those that several
  /// share counted each time: what walking them takes.
  struct Extent {
    std::int64_t depth = 0, nodes = 1;
    void add(const Extent& part);
  };
  struct Sequence {
    List items;
    SequenceKind kind = SequenceKind::kList;
    Extent extent{1, 1};
    mutable bool spent = false;  ///< a generator that was walked
  };
  class Dict {
   public:
    using Entry = std::pair<Value, Value>;
    const std::vector<Entry>& entries() const { return entries_; }
    const Value* find(const Value& key) const;
    void set(Value key, Value value);
    const Extent& extent() const { return extent_; }

   private:
    Extent extent_{1, 1};
    std::vector<Entry> entries_;
    std::unordered_map<std::string, std::size_t> index_;
  };
  /// Why a value is undefined: "'tools' is undefined".
  struct Undefined {
    std::shared_ptr<const std::string> why;
  };

  // Out of line: copies are everywhere.
  Value();
  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value();
  Value(std::nullptr_t) : value_(nullptr) {}
  Value(bool value) : value_(value) {}
  Value(int value) : value_(std::int64_t{value}) {}
  Value(std::int64_t value) : value_(value) {}
  Value(double value) : value_(value) {}
  Value(std::string value) : value_(std::make_shared<const std::string>(std::move(value))) {}
  Value(std::string_view value) : Value(std::string(value)) {}
  Value(const char* value) : Value(std::string(value)) {}
  Value(std::shared_ptr<const Sequence> value) : value_(std::move(value)) {}
  Value(std::shared_ptr<const Dict> value) : value_(std::move(value)) {}
  Value(std::shared_ptr<Object> value) : value_(std::move(value)) {}
  static Value undefined(std::string why);
  /// Of JSON; null is none.
  static Value from_json(const Json& json);

  ValueKind kind() const { return static_cast<ValueKind>(value_.index()); }
  bool is(ValueKind kind) const { return this->kind() == kind; }
  /// A boolean counts as the integer 0 or 1.
  bool is_number() const { return is(ValueKind::kBoolean) || is(ValueKind::kInteger) || is(ValueKind::kReal); }
  bool is_integer() const { return is(ValueKind::kBoolean) || is(ValueKind::kInteger); }
  bool is_generator() const;
  bool boolean() const { return std::get<bool>(value_); }
  std::int64_t integer() const { return is(ValueKind::kBoolean) ? boolean() : std::get<std::int64_t>(value_); }
  double real() const { return is(ValueKind::kReal) ? std::get<double>(value_) : static_cast<double>(integer()); }
  const std::string& text() const { return *std::get<std::shared_ptr<const std::string>>(value_); }
  const Sequence& sequence() const { return *std::get<std::shared_ptr<const Sequence>>(value_); }
  const Dict& dict() const { return *std::get<std::shared_ptr<const Dict>>(value_); }
  const std::shared_ptr<Object>& object() const { return std::get<std::shared_ptr<Object>>(value_); }
  /// Of an undefined value.
  std::string why() const;

  bool truth() const;
  Extent extent() const;
  /// As messages call it: "a string", "none", "undefined".
  std::string_view kind_name() const;
  /// Is it the same thing (of numbers, text and none: equal and of one kind)?
  bool same_as(const Value& other) const;

 private:
  // In the order of ValueKind.
  std::variant<Undefined, std::nullptr_t, bool, std::int64_t, double, std::shared_ptr<const std::string>,
               std::shared_ptr<const Sequence>, std::shared_ptr<const Dict>, std::shared_ptr<Object>>
      value_;
};

/// Python's ==.
bool equal(const Value& a, const Value& b);
/// Of numbers, of texts and of sequences: less than 0, 0 or more; nullopt: they have no order.
std::optional<int> order(const Value& a, const Value& b);

/// What a call brings.
struct Arguments {
  List positional{};
  std::vector<std::pair<std::string, Value>> named{};
};

class Object {
 public:
  Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object() = default;
  virtual std::string_view name() const = 0;
  virtual std::optional<Value> attribute(std::string_view) const { return std::nullopt; }
  virtual void set_attribute(Context& context, const std::string& name, Value value);
  virtual bool is_callable() const { return false; }
  virtual Value call(Context& context, Arguments arguments);
  /// Lets go of what may lead back here.
  virtual void release() {}
};

}  // namespace kerf::text::jinja
