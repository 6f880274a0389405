#include "text/jinja/loop.h"

#include <algorithm>

namespace kerf::text::jinja {
namespace {

/// A method of a loop; it keeps no loop alive.
class LoopMethod : public Object {
 public:
  LoopMethod(const Loop& loop, bool cycles) : loop_(const_cast<Loop*>(&loop)), cycles_(cycles) {}
  std::string_view name() const override { return "a method"; }
  bool is_callable() const override { return true; }
  Value call(Context& context, Arguments arguments) override {
    if (!arguments.named.empty()) context.fail("loop.cycle() and loop.changed() take no arguments with names");
    return cycles_ ? loop_->cycle(context, arguments) : loop_->changed(arguments);
  }

 private:
  Loop* loop_;
  bool cycles_;
};

}  // namespace

std::optional<Value> Loop::attribute(std::string_view name) const {
  const std::int64_t count = std::ssize(items_);
  if (name == "index") return index_ + 1;
  if (name == "index0") return index_;
  if (name == "revindex") return count - index_;
  if (name == "revindex0") return count - index_ - 1;
  if (name == "first") return index_ == 0;
  if (name == "last") return index_ + 1 == count;
  if (name == "length") return count;
  if (name == "depth") return depth_ + 1;
  if (name == "depth0") return depth_;
  if (name == "previtem") {
    return index_ > 0 && index_ <= count ? items_[static_cast<std::size_t>(index_ - 1)]
                                         : Value::undefined("there is no previous item");
  }
  if (name == "nextitem") {
    return index_ + 1 < count ? items_[static_cast<std::size_t>(index_ + 1)]
                              : Value::undefined("there is no next item");
  }
  // Loops live as long as the rendering: see Context.
  if (name == "cycle" || name == "changed")
    return Value(std::shared_ptr<Object>(std::make_shared<LoopMethod>(*this, name == "cycle")));
  return std::nullopt;
}

Value Loop::call(Context& context, Arguments arguments) {
  if (!recurse_) context.fail("calls a loop that is not recursive");
  if (arguments.positional.size() != 1 || !arguments.named.empty()) context.fail("loop() takes one argument");
  return context.text(recurse_(arguments.positional.front()));
}

void Loop::release() {
  items_.clear();
  recurse_ = nullptr;
  last_.reset();
}

Value Loop::cycle(Context& context, const Arguments& arguments) const {
  if (arguments.positional.empty()) context.fail("loop.cycle() lacks its arguments");
  return arguments.positional[static_cast<std::size_t>(index_ % std::ssize(arguments.positional))];
}

Value Loop::changed(const Arguments& arguments) {
  const bool same = last_ && last_->size() == arguments.positional.size() &&
                    std::equal(last_->begin(), last_->end(), arguments.positional.begin(), equal);
  last_ = arguments.positional;
  return !same;
}

std::shared_ptr<Loop> make_loop(Context& context, const List& items, int depth,
                                std::function<std::string(const Value&)> recurse) {
  context.use_bytes(items.size() * sizeof(Value));
  return context.object<Loop>(items, depth, std::move(recurse));
}

}  // namespace kerf::text::jinja
