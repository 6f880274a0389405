#include "text/jinja/builtin.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "core/strings.h"

namespace kerf::text::jinja {
namespace {

struct Parameters {
  std::vector<std::string> names;
  std::size_t required = 0;
  bool takes_rest = false;
};

Parameters read_parameters(std::string_view text) {
  Parameters result;
  bool optional = false;
  for (std::string& name : split(text, ' ')) {
    if (name.empty()) continue;
    if (name == "/") {
      optional = true;
    } else if (name == "*") {
      result.takes_rest = true;
    } else {
      result.names.push_back(std::move(name));
      if (!optional) ++result.required;
    }
  }
  return result;
}

}  // namespace

const std::string& Call::text(std::size_t i) const {
  if (!at(i).is(ValueKind::kText)) context.fail(fmt::format("found {}, expected a string", at(i).kind_name()));
  return at(i).text();
}

std::int64_t Call::integer(std::size_t i) const {
  if (!at(i).is_integer()) context.fail(fmt::format("found {}, expected an integer", at(i).kind_name()));
  return at(i).integer();
}

const Builtins& builtins(BuiltinKind kind) {
  static const std::map<BuiltinKind, Builtins> all = [] {
    std::map<BuiltinKind, Builtins> lists;
    const auto add = [&](const BuiltinList& list) {
      lists[list.kind].insert(lists[list.kind].end(), list.builtins.begin(), list.builtins.end());
    };
#define X(name) add(name##_builtins());
#include "text/jinja/builtins.def"
#undef X
    return lists;
  }();
  return all.at(kind);
}

const Builtin* find_builtin(BuiltinKind kind, std::string_view name) {
  const Builtins& known = builtins(kind);
  const auto found =
      std::find_if(known.begin(), known.end(), [&](const Builtin& builtin) { return builtin.name == name; });
  return found == known.end() ? nullptr : &*found;
}

Value run_builtin(Context& context, const Builtin& builtin, const Value& subject, Arguments arguments) {
  context.step();
  const Parameters parameters = read_parameters(builtin.parameters);
  Call call{.context = context, .subject = subject, .given = {}};
  call.given.resize(parameters.names.size());
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) {
    if (i < parameters.names.size()) {
      call.given[i] = std::move(arguments.positional[i]);
    } else if (parameters.takes_rest) {
      call.rest.positional.push_back(std::move(arguments.positional[i]));
    } else {
      context.fail(fmt::format("{}() has {} arguments, expected at most {}", builtin.name, arguments.positional.size(),
                               parameters.names.size()));
    }
  }
  for (auto& [name, value] : arguments.named) {
    const auto found = std::find(parameters.names.begin(), parameters.names.end(), name);
    if (found != parameters.names.end()) {
      call.given[static_cast<std::size_t>(found - parameters.names.begin())] = std::move(value);
    } else if (parameters.takes_rest) {
      call.rest.named.emplace_back(name, std::move(value));
    } else {
      context.fail(fmt::format("{}() has no argument {}", builtin.name, quoted(name)));
    }
  }
  for (std::size_t i = 0; i < parameters.required; ++i) {
    if (!call.given[i])
      context.fail(fmt::format("{}() lacks its argument {}", builtin.name, quoted(parameters.names[i])));
  }
  return builtin.run(call);
}

std::vector<std::string> names_of(BuiltinKind kind) {
  std::vector<std::string> names;
  for (const Builtin& builtin : builtins(kind)) names.emplace_back(builtin.name);
  return names;
}

}  // namespace kerf::text::jinja
