#include "text/pattern_split.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/strings.h"

namespace kerf::text {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"Removed", "Isolated", "MergedWithPrevious", "MergedWithNext",
                                                    "Contiguous"};

void append_span(std::vector<Span>& out, Span span) {
  if (span.begin != span.end) out.push_back(span);
}

/// Joins each part that `joins(part, is_match of the one before it)` accepts to the one before it.
template <typename Iterator, typename Joins>
std::vector<Span> join_parts(Iterator begin, Iterator end, Joins joins) {
  std::vector<Span> joined;
  bool previous_match = false;
  for (Iterator part = begin; part != end; ++part) {
    if (!joined.empty() && joins(*part, previous_match)) {
      joined.back() = {std::min(joined.back().begin, part->span.begin), std::max(joined.back().end, part->span.end)};
    } else {
      joined.push_back(part->span);
    }
    previous_match = part->is_match;
  }
  return joined;
}

}  // namespace

SplitBehavior split_behavior(const JsonCursor& json) {
  const std::string name = json.as_string();
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) {
    const std::vector<std::string> known(kNames.begin(), kNames.end());
    json.fail(unknown_name("behavior", name, known));
  }
  return static_cast<SplitBehavior>(found - kNames.begin());
}

void append_pieces(const std::vector<Part>& parts, SplitBehavior behavior, std::vector<Span>& out) {
  const auto is_delimiter = [](const Part& part, bool previous_match) { return part.is_match && !previous_match; };
  const auto is_same = [](const Part& part, bool previous_match) { return part.is_match == previous_match; };
  std::vector<Span> joined;
  switch (behavior) {
    case SplitBehavior::kRemoved:
    case SplitBehavior::kIsolated:
      for (const Part& part : parts) {
        if (behavior == SplitBehavior::kIsolated || !part.is_match) append_span(out, part.span);
      }
      return;
    case SplitBehavior::kMergedWithPrevious:
      joined = join_parts(parts.begin(), parts.end(), is_delimiter);
      break;
    case SplitBehavior::kMergedWithNext:
      joined = join_parts(parts.rbegin(), parts.rend(), is_delimiter);
      std::reverse(joined.begin(), joined.end());
      break;
    case SplitBehavior::kContiguous:
      joined = join_parts(parts.begin(), parts.end(), is_same);
      break;
  }
  for (const Span span : joined) append_span(out, span);
}

}  // namespace kerf::text
