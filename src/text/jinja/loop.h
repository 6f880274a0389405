#pragma once

#include <functional>

#include "text/jinja/context.h"

namespace kerf::text::jinja {

/// The variable `loop`.
class Loop : public Object {
 public:
  /// `recurse`: what the loop prints over other items; null where it may not call itself.
  Loop(const List& items, int depth, std::function<std::string(const Value&)> recurse)
      : items_(items), depth_(depth), recurse_(std::move(recurse)) {}
  std::string_view name() const override { return "a loop"; }
  std::optional<Value> attribute(std::string_view name) const override;
  bool is_callable() const override { return true; }
  Value call(Context& context, Arguments arguments) override;
  void release() override;

  void move_to(std::int64_t index) { index_ = index; }
  /// loop.cycle(...), loop.changed(...)
  Value cycle(Context& context, const Arguments& arguments) const;
  Value changed(const Arguments& arguments);

 private:
  List items_;
  std::int64_t index_ = 0;
  int depth_;
  std::function<std::string(const Value&)> recurse_;
  std::optional<List> last_;
};

/// The variable `loop` of a loop, with its methods.
std::shared_ptr<Loop> make_loop(Context& context, const List& items, int depth,
                                std::function<std::string(const Value&)> recurse);

}  // namespace kerf::text::jinja
