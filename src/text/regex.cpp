#include "text/regex.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <utility>

#include <fmt/format.h>
#include <oniguruma.h>

#include "core/error.h"
#include "core/strings.h"
#include "text/unicode_additions.h"

namespace kerf::text {
namespace {

/// Longer patterns are not tokenizers; compiling takes time and memory in proportion.
constexpr std::size_t kMaxPatternBytes = std::size_t{1} << 16;
/// States of backtracking that may wait at once: a run of one character class pushes one for each character.
constexpr std::size_t kStackStates = std::size_t{1} << 16;
constexpr std::size_t kStackStatesPerByte = 2;
constexpr std::size_t kMaxStackStates = std::size_t{4} << 20;
/// Backtracks that a search may take before it is repeated with 16 times as many, which count against the budget.
constexpr unsigned long kFirstRetries = 4096;
constexpr unsigned long kMoreRetries = 16;
/// Budget for all expensive searches of one text.
constexpr unsigned long kBudget = 1ul << 20;
constexpr unsigned long kBudgetPerByte = 512;
/// Not all work is backtracking. Tokenizers' patterns take about 0.1 us a byte, so that this is reached only by
/// patterns whose time grows with the square of the text's length.
constexpr std::chrono::duration<double> kSeconds(5);
constexpr std::chrono::duration<double> kSecondsPerByte(2e-6);
constexpr int kTooLong = ONIGERR_RETRY_LIMIT_IN_SEARCH_OVER;

const OnigUChar* bytes_of(std::string_view text) { return reinterpret_cast<const OnigUChar*>(text.data()); }

std::string message_of(int code, OnigErrorInfo* info = nullptr) {
  std::array<OnigUChar, ONIG_MAX_ERROR_MESSAGE_LEN> buffer{};
  const int length =
      info != nullptr ? onig_error_code_to_str(buffer.data(), code, info) : onig_error_code_to_str(buffer.data(), code);
  return std::string(reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(std::max(length, 0)));
}

bool has_prefix(std::string_view category, std::string_view prefix) { return starts_with(category, prefix); }

/// \w in Oniguruma: letters, marks, numbers and connectors.
bool is_regex_word(std::string_view category) {
  return category[0] == 'L' || category[0] == 'M' || category[0] == 'N' || category == "Pc";
}

template <typename Wanted>
std::string addition_ranges(Wanted wanted) {
  std::string ranges;
  for (const auto& addition : kUnicodeAdditions) {
    if (wanted(std::string_view(addition.category))) {
      ranges += fmt::format("\\x{{{:X}}}-\\x{{{:X}}}", addition.first, addition.last);
    }
  }
  return ranges;
}

/// What the property `name` has since Unicode 14, as the inside of a bracket; empty if nothing.
std::string additions_of(std::string_view name) {
  if (name == "Han") {
    std::string ranges;
    for (const auto& range : kHanAdditions) ranges += fmt::format("\\x{{{:X}}}-\\x{{{:X}}}", range.first, range.last);
    return ranges;
  }
  const bool is_category =
      !name.empty() && name.size() <= 2 && std::string_view("LMNPSZ").find(name[0]) != std::string_view::npos;
  return is_category ? addition_ranges([name](std::string_view category) { return has_prefix(category, name); })
                     : std::string();
}

/// Writes the class `escape` ("\p{L}", "\w") with `ranges` added; `negated`: its complement.
std::string widened(std::string_view escape, const std::string& ranges, bool negated, bool in_bracket) {
  if (in_bracket) return negated ? fmt::format("[^{}{}]", escape, ranges) : std::string(escape) + ranges;
  // Outside of brackets a class is not folded under (?i), but a bracket would be.
  return fmt::format("(?-i:[{}{}{}])", negated ? "^" : "", escape, ranges);
}

/// Rewrites \p{..}, \w and \d so that they know the additions to Unicode, whatever the library's own tables know.
class Widener {
 public:
  explicit Widener(std::string_view pattern) : pattern_(pattern) {}

  std::string run() {
    // Options that make classes ASCII.
    for (const std::string_view option : {"(?W", "(?D", "(?P"}) {
      if (pattern_.find(option) != std::string_view::npos) return std::string(pattern_);
    }
    while (position_ < pattern_.size()) {
      const char c = pattern_[position_];
      if (c == '\\' && position_ + 1 < pattern_.size()) {
        escape();
        continue;
      }
      if (c == '[') ++brackets_;
      if (c == ']' && brackets_ > 0) --brackets_;
      copy(1);
      // A bracket that is the first of its set is a character.
      if (c == '[') first_of_set();
    }
    return std::move(out_);
  }

 private:
  void copy(std::size_t count) {
    out_ += pattern_.substr(position_, count);
    position_ += count;
  }

  void first_of_set() {
    if (pattern_.substr(position_, 1) == "^") copy(1);
    if (pattern_.substr(position_, 1) == "]") copy(1);
    if (pattern_.substr(position_, 1) == ":") posix_bracket();
  }

  /// [[:alpha:]] is copied whole.
  void posix_bracket() {
    const std::size_t end = pattern_.find(":]", position_ + 1);
    if (brackets_ < 2 || end == std::string_view::npos) return;
    copy(end + 2 - position_);
    --brackets_;
  }

  void escape() {
    const char kind = pattern_[position_ + 1];
    if (kind == 'p' || kind == 'P') return property(kind == 'P');
    if (kind == 'w' || kind == 'W') return shorthand("\\w", addition_ranges(is_regex_word), kind == 'W');
    if (kind == 'd' || kind == 'D') return shorthand("\\d", additions_of("Nd"), kind == 'D');
    copy(2);
  }

  void shorthand(std::string_view escape, const std::string& ranges, bool negated) {
    out_ += widened(escape, ranges, negated, brackets_ > 0);
    position_ += 2;
  }

  void property(bool negated) {
    const std::size_t close = pattern_.find('}', position_);
    if (pattern_.substr(position_ + 2, 1) != "{" || close == std::string_view::npos) return copy(2);
    std::string_view name = pattern_.substr(position_ + 3, close - position_ - 3);
    if (starts_with(name, "^")) {
      name.remove_prefix(1);
      negated = !negated;
    }
    const std::string ranges = additions_of(name);
    if (ranges.empty()) return copy(close + 1 - position_);
    out_ += widened(fmt::format("\\p{{{}}}", name), ranges, negated, brackets_ > 0);
    position_ = close + 1;
  }

  std::string_view pattern_;
  std::size_t position_ = 0;
  int brackets_ = 0;
  std::string out_;
};

void initialize_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
    onig_initialize(encodings, 1);
  });
}

struct FreeRegion {
  void operator()(OnigRegion* region) const { onig_region_free(region, 1); }
};
struct FreeParameters {
  void operator()(OnigMatchParam* parameters) const { onig_free_match_param(parameters); }
};

}  // namespace

struct Regex::Compiled {
  regex_t* regex = nullptr;
  Compiled() = default;
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
  ~Compiled() {
    if (regex != nullptr) onig_free(regex);
  }
};

namespace {

std::size_t next_boundary(std::string_view text, std::size_t position) {
  while (position < text.size() && (static_cast<unsigned char>(text[position]) & 0xC0) == 0x80) ++position;
  return position;
}

/// The searches of one text, with what they may cost.
class Searcher {
 public:
  Searcher(regex_t* regex, std::string_view text)
      : regex_(regex),
        text_(text),
        region_(onig_region_new()),
        parameters_(onig_new_match_param()),
        budget_(kBudget + kBudgetPerByte * text.size()),
        begin_(Clock::now()) {
    const std::size_t states = std::min(kStackStates + kStackStatesPerByte * text.size(), kMaxStackStates);
    onig_set_match_stack_limit_size_of_match_param(parameters_.get(), static_cast<unsigned>(states));
  }

  /// The first match that begins at `from` or later. False: none. A negative `failure` is the library's code.
  bool find(std::size_t from, Span& match, int& failure) {
    const int found = search(from);
    failure = found < 0 && found != ONIG_MISMATCH ? found : 0;
    if (found < 0) return false;
    match = {static_cast<std::uint32_t>(region_->beg[0]), static_cast<std::uint32_t>(region_->end[0])};
    return true;
  }

 private:
  using Clock = std::chrono::steady_clock;

  /// (The library's range of a search must be the whole rest of the text: it cuts off matches that reach beyond it.)
  int search(std::size_t from) {
    if (++searches_ % kSearchesPerLook == 0 && is_late()) return kTooLong;
    const OnigUChar* begin = bytes_of(text_);
    const OnigUChar* end = begin + text_.size();
    unsigned long allowed = kFirstRetries;
    for (;;) {
      onig_set_retry_limit_in_match_of_match_param(parameters_.get(), allowed);
      onig_set_retry_limit_in_search_of_match_param(parameters_.get(), allowed);
      const int found = onig_search_with_param(regex_, begin, end, begin + from, end, region_.get(), ONIG_OPTION_NONE,
                                               parameters_.get());
      const bool is_over = found == ONIGERR_RETRY_LIMIT_IN_MATCH_OVER || found == ONIGERR_RETRY_LIMIT_IN_SEARCH_OVER;
      // To the library a limit of 0 is none.
      if (!is_over || budget_ == 0 || is_late()) return found;
      allowed = std::min(allowed * kMoreRetries, budget_);
      budget_ -= allowed;
    }
  }

  bool is_late() const {
    return Clock::now() - begin_ > kSeconds + kSecondsPerByte * static_cast<double>(text_.size());
  }

  /// Looking at the clock takes about a tenth of a search.
  static constexpr unsigned kSearchesPerLook = 16;

  regex_t* regex_;
  std::string_view text_;
  std::unique_ptr<OnigRegion, FreeRegion> region_;
  std::unique_ptr<OnigMatchParam, FreeParameters> parameters_;
  unsigned long budget_;
  unsigned searches_ = 0;
  Clock::time_point begin_;
};

}  // namespace

Regex::Regex(std::string_view pattern, const JsonCursor& where) : file_(where.file()), place_(where.path()) {
  if (pattern.size() > kMaxPatternBytes) {
    where.fail(fmt::format("found a pattern of {} bytes, expected at most {}", pattern.size(), kMaxPatternBytes));
  }
  initialize_library();
  const std::string wide = Widener(pattern).run();
  auto compiled = std::make_shared<Compiled>();
  OnigErrorInfo info{};
  const int result = onig_new(&compiled->regex, bytes_of(wide), bytes_of(wide) + wide.size(), ONIG_OPTION_NONE,
                              ONIG_ENCODING_UTF8, ONIG_SYNTAX_ONIGURUMA, &info);
  if (result != ONIG_NORMAL) {
    compiled->regex = nullptr;
    where.fail(fmt::format("found the pattern {}, expected a regular expression that Oniguruma takes: {}",
                           quoted(pattern), message_of(result, &info)));
  }
  compiled_ = std::move(compiled);
}

void Regex::find_all(std::string_view text, const std::function<void(Span match)>& on_match) const {
  Searcher searcher(compiled_->regex, text);
  std::size_t from = 0;
  std::size_t last_end = std::string_view::npos;
  int failure = 0;
  Span match;
  while (from <= text.size() && searcher.find(from, match, failure)) {
    if (match.begin == match.end && match.end == last_end) {
      from = from < text.size() ? next_boundary(text, from + 1) : from + 1;
      continue;
    }
    from = last_end = match.end;
    on_match(match);
  }
  if (failure != 0) {
    throw_input(file_, place_,
                fmt::format("the pattern takes too much work on this text, expected one that matches without it: {}",
                            message_of(failure)));
  }
}

std::string escape_regex(std::string_view literal) {
  std::string out;
  for (const char c : literal) {
    if (std::string_view("\\.+*?()|[]{}^$#&-~").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string pattern_of(const JsonCursor& pattern) {
  if (pattern.as_object().size() != 1) {
    pattern.fail("found several keys or none, expected either String or Regex");
  }
  if (pattern.has("String")) return escape_regex(pattern.at("String").as_string());
  if (pattern.has("Regex")) return pattern.at("Regex").as_string();
  const std::vector<std::string> known = {"String", "Regex"};
  pattern.fail(unknown_name("kind of pattern", pattern.as_object().begin()->first, known));
}

}  // namespace kerf::text
