#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/value.h"

namespace kerf::text::jinja {

/// What one rendering may use; a template is somebody else's program.
struct Limits {
  std::int64_t steps = 4'000'000;
  std::int64_t bytes = std::int64_t{128} << 20;  ///< of all values made, and of the output
  int calls = 64;                                ///< of macros within each other
};

/// A rendering that is under way: its limits, and the place in the template that errors name.
class Context {
 public:
  Context(std::string file, const Limits& limits) : file_(std::move(file)), limits_(limits), left_(limits) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  /// Things that lead back to themselves are taken apart.
  ~Context();

  void at_line(int line) { line_ = line; }
  int line() const { return line_; }
  /// Error(kInput) naming the template and the line.
  [[noreturn]] void fail(std::string message) const;

  /// Error(kInput) once there were too many.
  void step(std::int64_t count = 1);
  void use_bytes(std::size_t count);
  /// Before a text is cut into so many parts.
  void use_parts(std::int64_t count) { use_bytes(static_cast<std::size_t>(count + 1) * 2 * sizeof(std::string)); }
  /// A macro calls; the result counts it until it is gone.
  class Deeper {
   public:
    explicit Deeper(Context& context);
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    ~Deeper() { ++context_.left_.calls; }

   private:
    Context& context_;
  };

  Value text(std::string value);
  Value list(List items, SequenceKind kind = SequenceKind::kList);
  Value dict(Value::Dict dict);
  template <typename T, typename... Parts>
  std::shared_ptr<T> object(Parts&&... parts) {
    auto made = std::make_shared<T>(std::forward<Parts>(parts)...);
    keep(made);
    return made;
  }

  /// a.name and a[key]; undefined where there is none. Error(kInput) for a method of Python's that kerf does not have.
  Value attribute(const Value& value, const std::string& name);
  Value item(const Value& value, const Value& key);
  Value call(const Value& callee, Arguments arguments);
  Value filter(const std::string& name, const Value& value, Arguments arguments);
  bool test(const std::string& name, const Value& value, Arguments arguments);

  /// What a loop walks over: items, keys of a dict, characters, nothing of an undefined value.
  List items_of(const Value& value);
  /// An operand: fails if it is undefined.
  const Value& defined(const Value& value) const;
  /// As {{ }} prints it, and as it shows within a list.
  std::string print(const Value& value);
  std::string repr(const Value& value);

  /// Was the date asked for?
  bool used_date = false;

 private:
  void keep(std::shared_ptr<Object> object);
  std::string file_;
  Limits limits_, left_;
  int line_ = 1;
  std::vector<std::shared_ptr<Object>> objects_;
};

/// What raise_exception() throws: the template refuses its input.
struct Raised {
  std::string message;
};

}  // namespace kerf::text::jinja
