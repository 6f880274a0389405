// Methods of str.

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "core/strings.h"
#include "text/jinja/builtin.h"
#include "text/jinja/python_text.h"
#include "text/unicode.h"

namespace kerf::text::jinja {
namespace {

constexpr std::int64_t kFarthest = std::numeric_limits<std::int64_t>::max();

const std::string& self(const Call& call) { return call.subject.text(); }

Value by(Call& call, std::string (*change)(std::string_view)) { return call.context.text(change(self(call))); }
Value run_upper(Call& call) { return by(call, upper); }
Value run_lower(Call& call) { return by(call, lower); }
Value run_title(Call& call) { return by(call, title); }
Value run_capitalize(Call& call) { return by(call, capitalize); }

Value stripped(Call& call, bool left, bool right) {
  std::optional<std::string> set;
  if (call.has(0)) set = call.text(0);
  std::string_view text = self(call);
  if (left) text = strip_left(text, set);
  if (right) text = strip_right(text, set);
  return call.context.text(std::string(text));
}
Value run_strip(Call& call) { return stripped(call, true, true); }
Value run_lstrip(Call& call) { return stripped(call, true, false); }
Value run_rstrip(Call& call) { return stripped(call, false, true); }

Value texts(Call& call, std::vector<std::string> parts, SequenceKind kind = SequenceKind::kList) {
  List items;
  for (std::string& part : parts) items.push_back(call.context.text(std::move(part)));
  return call.context.list(std::move(items), kind);
}

/// How often a text, which is not empty, stands in another.
std::int64_t occurrences(std::string_view text, std::string_view part) {
  std::int64_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

std::int64_t count_spaces(std::string_view text) {
  std::int64_t count = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point_at(text, at);
    at += c.bytes;
    count += is_space(c.value);
  }
  return count;
}

Value split_by(Call& call, bool right) {
  const std::string& text = self(call);
  const std::int64_t limit = call.integer_or(1, -1);
  if (!call.has(0)) {
    call.context.use_parts(count_spaces(text));
    return texts(call, right ? split_spaces_right(text, limit) : split_spaces(text, limit));
  }
  const std::string& separator = call.text(0);
  if (separator.empty()) call.context.fail("splits at an empty string");
  call.context.use_parts(occurrences(text, separator));
  return texts(call, right ? split_at_right(text, separator, limit) : split_at(text, separator, limit));
}
Value run_split(Call& call) { return split_by(call, false); }
Value run_rsplit(Call& call) { return split_by(call, true); }
Value run_splitlines(Call& call) {
  call.context.use_parts(count_spaces(self(call)));
  return texts(call, split_lines(self(call), call.truth_or(0, false)));
}

Value parted(Call& call, bool right) {
  const std::string& text = self(call);
  const std::string& separator = call.text(0);
  if (separator.empty()) call.context.fail("splits at an empty string");
  const std::size_t at = right ? text.rfind(separator) : text.find(separator);
  std::vector<std::string> parts{text, "", ""};
  if (at != std::string::npos) {
    parts = {text.substr(0, at), separator, text.substr(at + separator.size())};
  } else if (right) {
    parts = {"", "", text};
  }
  return texts(call, std::move(parts), SequenceKind::kTuple);
}
Value run_partition(Call& call) { return parted(call, false); }
Value run_rpartition(Call& call) { return parted(call, true); }

/// The part of a text that parameters `start` and `end`, at `i` and `i` + 1, leave, and where it begins in characters.
struct Part {
  std::string_view text;
  std::int64_t begin = 0;
  bool is_valid = true;  ///< false: it begins behind its end
};
Part part_of(Call& call, std::size_t i) {
  const std::string& text = self(call);
  if (!call.has(i) && !call.has(i + 1)) return {.text = text};
  const std::int64_t count = length(text);
  const auto placed = [&](std::int64_t at) { return at < 0 ? std::max<std::int64_t>(at + count, 0) : at; };
  const std::int64_t begin = placed(call.integer_or(i, 0)),
                     end = std::min(placed(call.integer_or(i + 1, kFarthest)), count);
  if (begin > end) return {.text = "", .is_valid = false};
  const std::size_t from = offset_of(text, begin);
  const std::string_view rest = std::string_view(text).substr(from);
  return {.text = rest.substr(0, offset_of(rest, end - begin)), .begin = begin};
}

Value has_edge(Call& call, bool (*has)(std::string_view, std::string_view)) {
  const Part part = part_of(call, 1);
  const Value& edges = call.at(0);
  const bool is_tuple = edges.is(ValueKind::kSequence) && edges.sequence().kind == SequenceKind::kTuple;
  if (!is_tuple) return part.is_valid && has(part.text, call.text(0));
  for (const Value& edge : edges.sequence().items) {
    if (!edge.is(ValueKind::kText))
      call.context.fail(fmt::format("found {} in a tuple, expected strings", edge.kind_name()));
    if (part.is_valid && has(part.text, edge.text())) return true;
  }
  return false;
}
Value run_startswith(Call& call) { return has_edge(call, starts_with); }
Value run_endswith(Call& call) { return has_edge(call, ends_with); }

Value run_removeprefix(Call& call) {
  const bool has = starts_with(self(call), call.text(0));
  return call.context.text(has ? self(call).substr(call.text(0).size()) : self(call));
}
Value run_removesuffix(Call& call) {
  const bool has = ends_with(self(call), call.text(0));
  return call.context.text(has ? self(call).substr(0, self(call).size() - call.text(0).size()) : self(call));
}

std::int64_t found_at(Call& call, bool right) {
  const Part part = part_of(call, 1);
  const std::size_t at = !part.is_valid ? std::string_view::npos
                         : right        ? part.text.rfind(call.text(0))
                                        : part.text.find(call.text(0));
  return at == std::string_view::npos ? -1 : part.begin + length(part.text.substr(0, at));
}
Value run_find(Call& call) { return found_at(call, false); }
Value run_rfind(Call& call) { return found_at(call, true); }
Value required(Call& call, std::int64_t at) {
  if (at < 0) call.context.fail(fmt::format("{} is not in the string", quoted(call.text(0))));
  return at;
}
Value run_index(Call& call) { return required(call, found_at(call, false)); }
Value run_rindex(Call& call) { return required(call, found_at(call, true)); }

Value run_count(Call& call) {
  const Part part = part_of(call, 1);
  if (!part.is_valid) return 0;
  return call.text(0).empty() ? length(part.text) + 1 : occurrences(part.text, call.text(0));
}

Value run_replace(Call& call) {
  const std::string& text = self(call);
  const std::string &old = call.text(0), &fresh = call.text(1);
  const std::int64_t limit = call.integer_or(2, -1);
  std::vector<std::string> parts;
  call.context.use_parts(old.empty() ? length(text) : occurrences(text, old));
  if (old.empty()) {
    parts = characters(text);
    parts.insert(parts.begin(), "");
    parts.emplace_back("");
    // At most `limit` places: what stands behind them is one part.
    while (limit >= 0 && std::ssize(parts) > limit + 1) {
      parts[parts.size() - 2] += parts.back();
      parts.pop_back();
    }
  } else {
    parts = split_at(text, old, limit);
  }
  call.context.use_bytes((parts.size() - 1) * fresh.size());
  return call.context.text(join(parts, fresh));
}

Value run_join(Call& call) {
  std::vector<std::string> parts;
  for (const Value& item : call.context.items_of(call.at(0))) {
    if (!item.is(ValueKind::kText))
      call.context.fail(fmt::format("found {} in a list to join, expected strings", item.kind_name()));
    call.context.use_bytes(item.text().size() + self(call).size());
    parts.push_back(item.text());
  }
  return call.context.text(join(parts, self(call)));
}

/// Fill characters to the left and right of a text, so that it has `width` characters.
Value padded(Call& call, bool left, bool right) {
  const std::string fill = call.text_or(1, " ");
  if (length(fill) != 1) call.context.fail(fmt::format("found {}, expected one character to fill with", quoted(fill)));
  const std::int64_t missing = std::max<std::int64_t>(call.integer(0) - length(self(call)), 0);
  // Python's center() puts the odd one to the left if the width is odd.
  const std::int64_t before = left && right ? missing / 2 + (missing & call.integer(0) & 1) : left ? missing : 0;
  call.context.use_bytes(static_cast<std::size_t>(missing) * fill.size());
  std::string out;
  for (std::int64_t i = 0; i < before; ++i) out += fill;
  out += self(call);
  for (std::int64_t i = before; i < missing; ++i) out += fill;
  return call.context.text(std::move(out));
}
Value run_center(Call& call) { return padded(call, true, true); }
Value run_ljust(Call& call) { return padded(call, false, true); }
Value run_rjust(Call& call) { return padded(call, true, false); }

Value run_isalpha(Call& call) { return all_of(self(call), is_alphabetic); }
Value run_isdigit(Call& call) { return all_of(self(call), is_decimal); }
Value run_isalnum(Call& call) {
  return all_of(self(call), [](char32_t c) { return is_alphabetic(c) || is_decimal(c); });
}
Value run_isspace(Call& call) { return all_of(self(call), is_space); }
Value run_islower(Call& call) { return is_lower(self(call)); }
Value run_isupper(Call& call) { return is_upper(self(call)); }

/// {}, {0} and {name}, without conversions and formats.
Value run_format(Call& call) {
  const std::string& text = self(call);
  std::string out;
  std::size_t next = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c != '{' && c != '}') {
      out += c;
      continue;
    }
    if (at + 1 < text.size() && text[at + 1] == c) {
      out += c;
      ++at;
      continue;
    }
    const std::size_t end = text.find('}', at);
    if (c == '}' || end == std::string::npos) call.context.fail("found a single brace in a format");
    const std::string name = text.substr(at + 1, end - at - 1);
    at = end;
    const Value* value = nullptr;
    if (name.find_first_not_of("0123456789") == std::string::npos) {
      constexpr std::size_t kMostDigits = 4;
      const std::size_t index = name.empty()                ? next++
                                : name.size() > kMostDigits ? std::string::npos
                                                            : std::stoul(name);
      if (index < call.rest.positional.size()) value = &call.rest.positional[index];
    } else if (name.find_first_of(".[]!:{") == std::string::npos) {
      for (const auto& [key, each] : call.rest.named) value = key == name ? &each : value;
    } else {
      call.context.fail(fmt::format("the format {} is not supported", quoted("{" + name + "}")));
    }
    if (value == nullptr)
      call.context.fail(fmt::format("a format asks for {}, which was not given", quoted("{" + name + "}")));
    const std::string part = call.context.print(*value);
    call.context.use_bytes(part.size());
    out += part;
  }
  return call.context.text(std::move(out));
}

}  // namespace

BuiltinList text_methods_builtins() {
  return {BuiltinKind::kTextMethod,
          {{"capitalize", "", run_capitalize},
           {"center", "width / fillchar", run_center},
           {"count", "sub / start end", run_count},
           {"endswith", "suffix / start end", run_endswith},
           {"find", "sub / start end", run_find},
           {"format", "*", run_format},
           {"index", "sub / start end", run_index},
           {"isalnum", "", run_isalnum},
           {"isalpha", "", run_isalpha},
           {"isdecimal", "", run_isdigit},
           {"isdigit", "", run_isdigit},
           {"islower", "", run_islower},
           {"isnumeric", "", run_isdigit},
           {"isspace", "", run_isspace},
           {"isupper", "", run_isupper},
           {"join", "iterable", run_join},
           {"ljust", "width / fillchar", run_ljust},
           {"lower", "", run_lower},
           {"lstrip", "/ chars", run_lstrip},
           {"partition", "sep", run_partition},
           {"removeprefix", "prefix", run_removeprefix},
           {"removesuffix", "suffix", run_removesuffix},
           {"replace", "old new / count", run_replace},
           {"rfind", "sub / start end", run_rfind},
           {"rindex", "sub / start end", run_rindex},
           {"rjust", "width / fillchar", run_rjust},
           {"rpartition", "sep", run_rpartition},
           {"rsplit", "/ sep maxsplit", run_rsplit},
           {"rstrip", "/ chars", run_rstrip},
           {"split", "/ sep maxsplit", run_split},
           {"splitlines", "/ keepends", run_splitlines},
           {"startswith", "prefix / start end", run_startswith},
           {"strip", "/ chars", run_strip},
           {"title", "", run_title},
           {"upper", "", run_upper}}};
}

}  // namespace kerf::text::jinja
