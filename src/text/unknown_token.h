#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/json.h"
#include "text/vocabulary.h"

namespace kerf::text {

/// The token that stands for what a vocabulary does not have. That it is missing is an error only where a text needs
/// it: many vocabularies cover everything and never do.
class UnknownToken {
 public:
  /// `json` is the model; `name` and `id` as the model gives them.
  UnknownToken(const JsonCursor& json, std::string key, std::string name, std::optional<std::int64_t> id)
      : id_(id), name_(std::move(name)), file_(json.file()), place_(json.path() + "." + key) {}
  /// The token that the model's `unk_token` names.
  UnknownToken(const JsonCursor& json, const Vocabulary& vocabulary, std::string name)
      : UnknownToken(json, "unk_token", name, vocabulary.id_of(name)) {}

  /// The id that stands for `text`. Error(kInput) naming both if there is none.
  std::int64_t id_for(std::string_view text) const {
    if (!id_) fail(text);
    return *id_;
  }
  std::optional<std::int64_t> id() const { return id_; }

 private:
  [[noreturn]] void fail(std::string_view text) const;

  std::optional<std::int64_t> id_;
  std::string name_, file_, place_;
};

}  // namespace kerf::text
