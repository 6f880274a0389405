#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "text/post_processor.h"

namespace kerf::text {

/// One special token before a text and one after it: {"cls": ["[CLS]", 101], "sep": ["[SEP]", 102]}.
class SurroundingTokens : public PostProcessor {
 public:
  explicit SurroundingTokens(const JsonCursor& json);

  void process(std::vector<std::int64_t>& ids, bool add_special) const override;
  std::optional<std::string> leading_token() const override { return before_.name; }
  std::vector<std::int64_t> special_ids() const override { return {before_.id, after_.id}; }

 private:
  struct Token {
    std::string name;
    std::int64_t id = 0;
  };
  static Token token_of(const JsonCursor& json);

  Token before_, after_;
};

}  // namespace kerf::text
