#include "text/jinja/template.h"

#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "text/jinja/builtin.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/parser.h"

namespace kerf::text::jinja {
namespace {

/// A function of every template.
class Function : public Object {
 public:
  explicit Function(const Builtin& builtin) : builtin_(builtin) {}
  std::string_view name() const override { return "a function"; }
  bool is_callable() const override { return true; }
  Value call(Context& context, Arguments arguments) override {
    return run_builtin(context, builtin_, Value(), std::move(arguments));
  }

 private:
  const Builtin& builtin_;
};

}  // namespace

Template::Template(std::string_view source, std::string file) : file_(std::move(file)) {
  constexpr std::size_t kLongest = std::size_t{1} << 20;
  if (source.size() > kLongest) throw_input(file_, "", "the template has more than 1 MiB");
  if (const auto bad = find_invalid_utf8(source)) {
    throw_input(file_, fmt::format("byte {}", *bad), "found text that is not valid UTF-8");
  }
  body_ = parse_template(source, file_);
}

Template::Rendered Template::render(const Json& variables, const Limits& limits) const {
  Context context(file_, limits);
  const auto globals = std::make_shared<Scope>();
  for (const Builtin& function : builtins(BuiltinKind::kFunction)) {
    globals->names[std::string(function.name)] = Value(std::shared_ptr<Object>(std::make_shared<Function>(function)));
  }
  for (const auto& [name, value] : variables.as_object()) globals->names[name] = Value::from_json(value);
  Rendered result;
  Interpreter(context).run(body_, std::make_shared<Scope>(globals), result.text);
  result.used_date = context.used_date;
  return result;
}

}  // namespace kerf::text::jinja
