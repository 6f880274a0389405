#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
class OptionDefaults;
}  // namespace CLI

namespace kerf::cli {

/// How options are declared and read. CLI11 only sorts the words; what a value means is decided afterwards, so that
/// every complaint is a sentence of ours.

/// An option with one value. `value` names it in the help ("FILE"), `fallback` is the default that the help prints.
CLI::Option* add_value(CLI::App& app, const std::string& names, const std::string& value, const std::string& text,
                       const std::string& fallback = "");
/// As add_value; may be given several times.
CLI::Option* add_repeatable(CLI::App& app, const std::string& names, const std::string& value, const std::string& text);
/// As add_repeatable; may be followed by several values at once.
CLI::Option* add_list(CLI::App& app, const std::string& names, const std::string& value, const std::string& text);
CLI::Option* add_flag(CLI::App& app, const std::string& names, const std::string& text);
/// A flag that may have a value, after an equals sign only; `alone` is its value when it has none.
CLI::Option* add_optional_value(CLI::App& app, const std::string& name, const std::string& value,
                                const std::string& text, const std::string& alone);
/// Was it made by add_optional_value()?
bool has_optional_value(const CLI::Option& option);
CLI::Option* add_positional(CLI::App& app, const std::string& name, const std::string& text, bool required);

/// Options of `app` added while it lives stand under this heading in the help.
class Heading {
 public:
  Heading(CLI::App& app, const std::string& title);
  Heading(const Heading&) = delete;
  Heading& operator=(const Heading&) = delete;
  ~Heading();

 private:
  CLI::OptionDefaults* defaults_;
};

/// The name that people type: "--text"; of a positional "MODEL".
std::string name_of(const CLI::Option& option);
bool is_given(const CLI::Option* option);
/// The only value; nullopt if the option is absent. Usage error if it was given twice.
std::optional<std::string> value_of(const CLI::Option* option);
std::string value_or(const CLI::Option* option, const std::string& fallback);
/// Every value, in the order given.
const std::vector<std::string>& values_of(const CLI::Option* option);
/// Usage error if a value was given to the flag ("--force=no").
bool is_set(const CLI::Option* flag);
std::int64_t integer_or(const CLI::Option* option, std::int64_t fallback, std::int64_t low,
                        std::int64_t high = std::numeric_limits<std::int64_t>::max());
double real_or(const CLI::Option* option, double fallback, double low, double high);

}  // namespace kerf::cli
