#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace kerf::test {

/// Texts on which tokenizers may differ, the same ones for the same seed: all scripts, marks, digits, emoji, controls,
/// runs of white space, prose, code, and strings such as special tokens are.
class Texts {
 public:
  /// `prose` is taken apart; `specials` are sprinkled in.
  Texts(std::u32string prose, std::vector<std::string> specials, std::uint32_t seed);
  std::string next();

 private:
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }
  bool chance(std::uint32_t percent) { return below(100) < percent; }
  template <typename List>
  const auto& pick(const List& list) {
    return list[below(static_cast<std::uint32_t>(list.size()))];
  }
  template <typename Make>
  std::string repeat(std::uint32_t most, Make make) {
    std::string text;
    for (std::uint32_t n = 1 + below(most); n > 0; --n) text += make();
    return text;
  }

  std::string prose(std::uint32_t most_characters);
  std::string block();
  std::string marked();
  std::string number();
  std::string emoji();
  std::string control();
  std::string near_special();
  std::string word();

  std::mt19937 random_;
  std::u32string prose_;
  std::vector<std::string> specials_;
  std::vector<std::u32string> blocks_;  ///< assigned characters by 128, so that small scripts come as often as large
  std::u32string marks_, digits_;
};

}  // namespace kerf::test
