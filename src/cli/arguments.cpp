#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "core/error.h"
#include "core/quantities.h"
#include "core/strings.h"

namespace kerf::cli {

CLI::Option* add_value(CLI::App& app, const std::string& names, const std::string& value, const std::string& text,
                       const std::string& fallback) {
  CLI::Option* option = app.add_option(names, CLI::callback_t{}, text);
  // CLI11 would complain about a second value in words of its own; value_of() does it instead.
  return option->type_name(value)->default_str(fallback)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

CLI::Option* add_repeatable(CLI::App& app, const std::string& names, const std::string& value,
                            const std::string& text) {
  return add_value(app, names, value, text + "; may be given several times");
}

CLI::Option* add_list(CLI::App& app, const std::string& names, const std::string& value, const std::string& text) {
  return add_value(app, names, value, text)
      ->expected(CLI::detail::expected_max_vector_size)
      ->option_text(" " + value + "...");
}

CLI::Option* add_flag(CLI::App& app, const std::string& names, const std::string& text) {
  return app.add_flag(names, text);
}

CLI::Option* add_optional_value(CLI::App& app, const std::string& name, const std::string& value,
                                const std::string& text, const std::string& alone) {
  return add_flag(app, name + "{" + alone + "}", text)->option_text("[=" + value + "]");
}

bool has_optional_value(const CLI::Option& option) { return starts_with(option.get_option_text(), "[="); }

CLI::Option* add_positional(CLI::App& app, const std::string& name, const std::string& text, bool required) {
  return add_value(app, name, "", text)->required(required);
}

Heading::Heading(CLI::App& app, const std::string& title) : defaults_(app.option_defaults()) {
  defaults_->group(title);
}

Heading::~Heading() { defaults_->group("Options"); }

std::string name_of(const CLI::Option& option) {
  const auto& longs = option.get_lnames();
  if (!longs.empty()) return "--" + longs.front();
  const auto& shorts = option.get_snames();
  return shorts.empty() ? option.get_name(true, false) : "-" + shorts.front();
}

bool is_given(const CLI::Option* option) { return !option->empty(); }

std::optional<std::string> value_of(const CLI::Option* option) {
  const auto& values = option->results();
  if (values.empty()) return std::nullopt;
  if (values.size() > 1) {
    throw_usage(fmt::format("{} is given twice: {} and {}", name_of(*option), kerf::quoted(values[0]),
                            kerf::quoted(values[1])));
  }
  return values.front();
}

std::string value_or(const CLI::Option* option, const std::string& fallback) {
  return value_of(option).value_or(fallback);
}

const std::vector<std::string>& values_of(const CLI::Option* option) { return option->results(); }

bool is_set(const CLI::Option* flag) {
  for (const std::string& value : flag->results()) {
    if (value != "true") throw_usage(fmt::format("{} takes no value; found {}", name_of(*flag), kerf::quoted(value)));
  }
  return !flag->results().empty();
}

std::int64_t integer_or(const CLI::Option* option, std::int64_t fallback, std::int64_t low, std::int64_t high) {
  const auto text = value_of(option);
  return text ? parse_integer(name_of(*option), *text, low, high) : fallback;
}

double real_or(const CLI::Option* option, double fallback, double low, double high) {
  const auto text = value_of(option);
  return text ? parse_real(name_of(*option), *text, low, high) : fallback;
}

}  // namespace kerf::cli
