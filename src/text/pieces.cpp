#include "text/pieces.h"

#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::text {

void Pieces::assign(std::string_view whole, bool at_beginning) {
  check_text_size(whole.size());
  text.assign(whole);
  begins_text = at_beginning;
  spans.clear();
  if (!whole.empty()) spans.push_back({0, static_cast<std::uint32_t>(whole.size())});
}

void Pieces::replace_spans(std::vector<Span> divided) {
  begins_text = begins_text && !divided.empty() && divided[0].begin == spans[0].begin;
  spans = std::move(divided);
}

void check_text_size(std::size_t bytes) {
  if (bytes <= kMaxTextBytes) return;
  throw_input("", "",
              fmt::format("a text of {} is too long to tokenize at once, expected at most {}", human_bytes(bytes),
                          human_bytes(kMaxTextBytes)));
}

void check_growth(std::size_t before, std::size_t after) {
  check_text_size(after);
  if (after <= 16 * before + 1024) return;
  throw_input("", "",
              fmt::format("the tokenizer makes {} of a text of {}, expected at most 16 times as much",
                          human_bytes(after), human_bytes(before)));
}

}  // namespace kerf::text
