#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace kerf::text {

/// Ids are below this: tables indexed by id stay small whatever a file says.
inline constexpr std::int64_t kMaxTokenId = (std::int64_t{1} << 22) - 1;

/// Tokens and their ids, both ways. Ids may have gaps.
class Vocabulary {
 public:
  /// From {"token": id, ...}. Error(kInput) naming the token if an id is negative, above kMaxTokenId or used twice, or
  /// if there is no token at all.
  static Vocabulary from_json(const JsonCursor& json);
  /// Ids are the positions in the list. A token that stands there twice has its last id; both ids have its text.
  /// Error(kInput) at `where` if there are more than kMaxTokenId.
  static Vocabulary from_list(const std::vector<std::string_view>& tokens, const JsonCursor& where);

  /// Number of tokens.
  std::size_t size() const { return count_; }
  /// One more than the largest id.
  std::int64_t id_bound() const { return static_cast<std::int64_t>(places_.size()); }

  std::optional<std::int64_t> id_of(std::string_view token) const;
  /// The same; quick if `guess` is the id.
  std::optional<std::int64_t> id_of(std::string_view token, std::int64_t guess) const;
  std::optional<std::string_view> token(std::int64_t id) const;

 private:
  struct Place {
    std::uint64_t offset = 0;
    std::uint32_t bytes = 0;
    bool used = false;
  };
  struct Slot {
    std::uint32_t tag = 0;
    std::int32_t id = -1;  ///< -1: empty
  };
  /// Appends a token's text and gives it a place, which must be there. To be found by its text it has to be indexed.
  void place(std::string_view token, std::int64_t id);
  /// Indexes all tokens in the order of `ids`; a token that is there twice has the last.
  void index(const std::vector<std::int32_t>& ids);
  std::string_view text_of(const Place& place) const {
    return std::string_view(texts_).substr(place.offset, place.bytes);
  }

  bool holds(const Slot& slot, std::uint32_t tag, std::string_view token) const {
    return slot.tag == tag && text_of(places_[static_cast<std::size_t>(slot.id)]) == token;
  }

  std::string texts_;
  std::vector<Place> places_;  ///< by id
  std::vector<Slot> slots_;    ///< open addressing, a power of two, at most half full
  std::size_t count_ = 0;
};

}  // namespace kerf::text
