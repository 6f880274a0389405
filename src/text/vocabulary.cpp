#include "text/vocabulary.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "core/hash.h"
#include "core/strings.h"

namespace kerf::text {

Vocabulary Vocabulary::from_json(const JsonCursor& json) {
  const auto& entries = json.as_object();
  if (entries.size() == 0) json.fail("found no token, expected at least one");
  std::size_t bytes = 0;
  std::int64_t largest = 0;
  for (const auto& [token, id] : entries) {
    if (!id.is_integer())
      json.fail(fmt::format("the id of token {} is {}, expected an integer", quoted(token), id.kind()));
    // An integer above 2^63 is out of range like any other large one.
    const std::int64_t value = id.as_double() > static_cast<double>(kMaxTokenId) ? kMaxTokenId + 1 : id.as_int64();
    if (value < 0 || value > kMaxTokenId) {
      json.fail(
          fmt::format("the id of token {} is {}, expected one from 0 to {}", quoted(token), id.dump(), kMaxTokenId));
    }
    bytes += token.size();
    largest = std::max(largest, value);
  }
  Vocabulary vocabulary;
  vocabulary.texts_.reserve(bytes);
  vocabulary.places_.resize(static_cast<std::size_t>(largest) + 1);
  vocabulary.slots_.resize(std::bit_ceil(entries.size() * 2));
  for (const auto& [token, id] : entries) {
    const Place& place = vocabulary.places_[static_cast<std::size_t>(id.as_int64())];
    if (place.used) {
      json.fail(fmt::format("tokens {} and {} both have id {}, expected one token an id",
                            quoted(vocabulary.text_of(place)), quoted(token), id.as_int64()));
    }
    vocabulary.insert(token, id.as_int64());
  }
  return vocabulary;
}

Vocabulary Vocabulary::from_list(const std::vector<std::string_view>& tokens, const JsonCursor& where) {
  if (tokens.size() > static_cast<std::size_t>(kMaxTokenId)) {
    where.fail(fmt::format("found {} tokens, expected at most {}", tokens.size(), kMaxTokenId));
  }
  Vocabulary vocabulary;
  vocabulary.places_.resize(tokens.size());
  vocabulary.slots_.resize(std::bit_ceil(tokens.size() * 2));
  for (std::size_t id = 0; id < tokens.size(); ++id) vocabulary.insert(tokens[id], static_cast<std::int64_t>(id));
  return vocabulary;
}

void Vocabulary::insert(std::string_view token, std::int64_t id) {
  places_[static_cast<std::size_t>(id)] = {texts_.size(), static_cast<std::uint32_t>(token.size()), true};
  texts_ += token;
  ++count_;
  const std::uint64_t hash = hash_bytes(token);
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  while (slots_[at].id >= 0 && !holds(slots_[at], tag, token)) at = (at + 1) & mask;
  slots_[at] = {tag, static_cast<std::int32_t>(id)};
}

std::optional<std::int64_t> Vocabulary::id_of(std::string_view token) const {
  if (slots_.empty()) return std::nullopt;
  const std::uint64_t hash = hash_bytes(token);
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at].id >= 0; at = (at + 1) & mask) {
    if (holds(slots_[at], tag, token)) return slots_[at].id;
  }
  return std::nullopt;
}

std::optional<std::int64_t> Vocabulary::id_of(std::string_view text, std::int64_t guess) const {
  return token(guess) == text ? guess : id_of(text);
}

std::optional<std::string_view> Vocabulary::token(std::int64_t id) const {
  if (id < 0 || id >= id_bound() || !places_[static_cast<std::size_t>(id)].used) return std::nullopt;
  return text_of(places_[static_cast<std::size_t>(id)]);
}

}  // namespace kerf::text
