#include "text/vocabulary.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include <fmt/format.h>

#include "core/hash.h"
#include "core/strings.h"

namespace kerf::text {

namespace {

/// Tables of large vocabularies are not in the processor's cache: places that will be needed are asked for in time.
constexpr std::size_t kAhead = 16;

std::int64_t checked_id(const JsonCursor& json, const std::string& token, const Json& id) {
  if (!id.is_integer()) {
    json.fail(fmt::format("the id of token {} is {}, expected an integer", quoted(token), id.kind()));
  }
  // An integer above 2^63 is out of range like any other large one.
  const std::int64_t value = id.as_double() > static_cast<double>(kMaxTokenId) ? kMaxTokenId + 1 : id.as_int64();
  if (value < 0 || value > kMaxTokenId) {
    json.fail(
        fmt::format("the id of token {} is {}, expected one from 0 to {}", quoted(token), id.dump(), kMaxTokenId));
  }
  return value;
}

}  // namespace

Vocabulary Vocabulary::from_json(const JsonCursor& json) {
  const auto& entries = json.as_object();
  if (entries.size() == 0) json.fail("found no token, expected at least one");
  Vocabulary vocabulary;
  std::vector<std::int32_t> ids;
  ids.reserve(entries.size());
  for (const auto& [token, json_id] : entries) {
    const std::int64_t id = checked_id(json, token, json_id);
    if (id >= vocabulary.id_bound()) vocabulary.places_.resize(static_cast<std::size_t>(id) + 1);
    const Place& place = vocabulary.places_[static_cast<std::size_t>(id)];
    if (place.used) {
      json.fail(fmt::format("tokens {} and {} both have id {}, expected one token an id",
                            quoted(vocabulary.text_of(place)), quoted(token), id));
    }
    vocabulary.place(token, id);
    ids.push_back(static_cast<std::int32_t>(id));
  }
  vocabulary.index(ids);
  return vocabulary;
}

Vocabulary Vocabulary::from_list(const std::vector<std::string_view>& tokens, const JsonCursor& where) {
  if (tokens.size() > static_cast<std::size_t>(kMaxTokenId)) {
    where.fail(fmt::format("found {} tokens, expected at most {}", tokens.size(), kMaxTokenId));
  }
  Vocabulary vocabulary;
  vocabulary.places_.resize(tokens.size());
  for (std::size_t id = 0; id < tokens.size(); ++id) vocabulary.place(tokens[id], static_cast<std::int64_t>(id));
  std::vector<std::int32_t> ids(tokens.size());
  std::iota(ids.begin(), ids.end(), 0);
  vocabulary.index(ids);
  return vocabulary;
}

void Vocabulary::place(std::string_view token, std::int64_t id) {
  places_[static_cast<std::size_t>(id)] = {texts_.size(), static_cast<std::uint32_t>(token.size()), true};
  texts_ += token;
}

void Vocabulary::index(const std::vector<std::int32_t>& ids) {
  count_ = ids.size();
  slots_.resize(std::bit_ceil(ids.size() * 2));
  const std::size_t mask = slots_.size() - 1;
  std::vector<std::uint64_t> hashes(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    hashes[i] = hash_bytes(text_of(places_[static_cast<std::size_t>(ids[i])]));
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i + kAhead < ids.size()) __builtin_prefetch(&slots_[hashes[i + kAhead] & mask], 1);
    const auto tag = static_cast<std::uint32_t>(hashes[i] >> 32);
    const std::string_view token = text_of(places_[static_cast<std::size_t>(ids[i])]);
    std::size_t at = hashes[i] & mask;
    while (slots_[at].id >= 0 && !holds(slots_[at], tag, token)) at = (at + 1) & mask;
    slots_[at] = {tag, ids[i]};
  }
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
