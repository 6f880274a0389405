#include "quant/layer_set.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::quant {
namespace {

[[noreturn]] void refuse(std::string_view found) {
  throw_usage(
      fmt::format("layers: found {}, expected numbers and ranges such as \"0-3,7\", or parts of the model such as "
                  "\"first 1/8, from 7/8, every 3 from 1/8+2\"",
                  quoted(found)));
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::int64_t number(std::string_view text) {
  constexpr std::int64_t kLargest = 1000000;
  std::int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > kLargest) refuse(text);
  return value;
}

/// Takes `word` and the space behind it off the front of the text.
bool take_word(std::string_view& text, std::string_view word) {
  if (!starts_with(text, word) || text.size() <= word.size() || text[word.size()] != ' ') return false;
  text = trimmed(text.substr(word.size()));
  return true;
}

}  // namespace

LayerSet::Place LayerSet::parse_place(std::string_view text) {
  Place place;
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    place.plus = number(text);
    return place;
  }
  const std::size_t plus = text.find('+', slash);
  place.numerator = number(text.substr(0, slash));
  place.denominator = number(text.substr(slash + 1, plus == std::string_view::npos ? plus : plus - slash - 1));
  if (plus != std::string_view::npos) place.plus = number(text.substr(plus + 1));
  if (place.denominator == 0 || place.numerator > place.denominator) refuse(text);
  return place;
}

LayerSet::Item LayerSet::parse_item(std::string_view text) {
  Item item;
  if (take_word(text, "first")) {
    item.end = parse_place(text);
  } else if (take_word(text, "from")) {
    item.begin = parse_place(text);
    item.open = true;
  } else if (take_word(text, "every")) {
    const std::size_t space = text.find(' ');
    item.step = number(text.substr(0, space));
    std::string_view rest = space == std::string_view::npos ? "" : trimmed(text.substr(space));
    if (item.step == 0 || !take_word(rest, "from")) refuse(text);
    item.begin = parse_place(rest);
    item.open = true;
  } else {
    const std::size_t dash = text.find('-');
    item.begin.plus = number(trimmed(text.substr(0, dash)));
    const std::int64_t last = dash == std::string_view::npos ? item.begin.plus : number(trimmed(text.substr(dash + 1)));
    if (last < item.begin.plus) throw_usage(fmt::format("layers: {} ends before it begins", quoted(text)));
    item.end.plus = last + 1;
  }
  return item;
}

LayerSet::LayerSet(std::string_view text) {
  for (const std::string& part : split(text, ',')) items_.push_back(parse_item(trimmed(part)));
}

bool LayerSet::contains(std::int64_t layer, std::int64_t layers) const {
  return items_.empty() || std::any_of(items_.begin(), items_.end(), [&](const Item& item) {
           const std::int64_t begin = item.begin.of(layers);
           return layer >= begin && (item.open || layer < item.end.of(layers)) && (layer - begin) % item.step == 0;
         });
}

}  // namespace kerf::quant
