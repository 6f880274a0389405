#include "text/grapheme.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <utf8proc.h>

#include "text/unicode.h"
#include "text/unicode_additions.h"

namespace kerf::text {
namespace {

// The properties are those of Unicode 17, as Hugging Face's library has them (found by asking tokenizers 0.23.2 about
// each code point).

/// Grapheme_Cluster_Break where utf8proc 2.8 (Unicode 15) has another value.
struct BreakChange {
  std::uint32_t first, last;
  std::uint8_t value;
};
constexpr std::uint8_t kOther = UTF8PROC_BOUNDCLASS_OTHER, kExtend = UTF8PROC_BOUNDCLASS_EXTEND,
                       kSpacing = UTF8PROC_BOUNDCLASS_SPACINGMARK, kPrepend = UTF8PROC_BOUNDCLASS_PREPEND;
constexpr std::array<BreakChange, 55> kBreakChanges = {
    {{0x0897, 0x0897, kExtend},    {0x0CC0, 0x0CC0, kExtend},    {0x0CC7, 0x0CC8, kExtend},
     {0x0CCA, 0x0CCB, kExtend},    {0x1715, 0x1715, kExtend},    {0x1734, 0x1734, kExtend},
     {0x1ACF, 0x1ADD, kExtend},    {0x1AE0, 0x1AEB, kExtend},    {0x1B3B, 0x1B3B, kExtend},
     {0x1B3D, 0x1B3D, kExtend},    {0x1B43, 0x1B44, kExtend},    {0x1BAA, 0x1BAA, kExtend},
     {0x1BF2, 0x1BF3, kExtend},    {0xA953, 0xA953, kExtend},    {0xA9C0, 0xA9C0, kExtend},
     {0x10D69, 0x10D6D, kExtend},  {0x10EFA, 0x10EFC, kExtend},  {0x111C0, 0x111C0, kExtend},
     {0x11235, 0x11235, kExtend},  {0x1134D, 0x1134D, kExtend},  {0x113B8, 0x113B8, kExtend},
     {0x113B9, 0x113BA, kSpacing}, {0x113BB, 0x113C0, kExtend},  {0x113C2, 0x113C2, kExtend},
     {0x113C5, 0x113C5, kExtend},  {0x113C7, 0x113C9, kExtend},  {0x113CA, 0x113CA, kSpacing},
     {0x113CC, 0x113CD, kSpacing}, {0x113CE, 0x113D0, kExtend},  {0x113D1, 0x113D1, kPrepend},
     {0x113D2, 0x113D2, kExtend},  {0x113E1, 0x113E2, kExtend},  {0x116B6, 0x116B6, kExtend},
     {0x1171E, 0x1171E, kSpacing}, {0x1193D, 0x1193D, kExtend},  {0x11A3A, 0x11A3A, kOther},
     {0x11B60, 0x11B60, kExtend},  {0x11B61, 0x11B61, kSpacing}, {0x11B62, 0x11B64, kExtend},
     {0x11B65, 0x11B65, kSpacing}, {0x11B66, 0x11B66, kExtend},  {0x11B67, 0x11B67, kSpacing},
     {0x11F41, 0x11F41, kExtend},  {0x11F5A, 0x11F5A, kExtend},  {0x1611E, 0x16129, kExtend},
     {0x1612A, 0x1612C, kSpacing}, {0x1612D, 0x1612F, kExtend},  {0x16FF0, 0x16FF1, kExtend},
     {0x1D166, 0x1D166, kExtend},  {0x1D16D, 0x1D16D, kExtend},  {0x1E5EE, 0x1E5EF, kExtend},
     {0x1E6E3, 0x1E6E3, kExtend},  {0x1E6E6, 0x1E6E6, kExtend},  {0x1E6EE, 0x1E6EF, kExtend},
     {0x1E6F5, 0x1E6F5, kExtend}}};

/// Indic_Conjunct_Break=Consonant.
constexpr std::array<CodePointRange, 76> kConsonants = {
    {{0x0915, 0x0939},   {0x0958, 0x095F},   {0x0978, 0x097F},   {0x0995, 0x09A8},   {0x09AA, 0x09B0},
     {0x09B2, 0x09B2},   {0x09B6, 0x09B9},   {0x09DC, 0x09DD},   {0x09DF, 0x09DF},   {0x09F0, 0x09F1},
     {0x0A95, 0x0AA8},   {0x0AAA, 0x0AB0},   {0x0AB2, 0x0AB3},   {0x0AB5, 0x0AB9},   {0x0AF9, 0x0AF9},
     {0x0B15, 0x0B28},   {0x0B2A, 0x0B30},   {0x0B32, 0x0B33},   {0x0B35, 0x0B39},   {0x0B5C, 0x0B5D},
     {0x0B5F, 0x0B5F},   {0x0B71, 0x0B71},   {0x0C15, 0x0C28},   {0x0C2A, 0x0C39},   {0x0C58, 0x0C5A},
     {0x0D15, 0x0D3A},   {0x1000, 0x102A},   {0x103F, 0x103F},   {0x1050, 0x1055},   {0x105A, 0x105D},
     {0x1061, 0x1061},   {0x1065, 0x1066},   {0x106E, 0x1070},   {0x1075, 0x1081},   {0x108E, 0x108E},
     {0x1780, 0x17B3},   {0x1A20, 0x1A54},   {0x1B0B, 0x1B0C},   {0x1B13, 0x1B33},   {0x1B45, 0x1B4C},
     {0x1B83, 0x1BA0},   {0x1BAE, 0x1BAF},   {0x1BBB, 0x1BBD},   {0xA989, 0xA98B},   {0xA98F, 0xA9B2},
     {0xA9E0, 0xA9E4},   {0xA9E7, 0xA9EF},   {0xA9FA, 0xA9FE},   {0xAA60, 0xAA6F},   {0xAA71, 0xAA73},
     {0xAA7A, 0xAA7A},   {0xAA7E, 0xAA7F},   {0xAAE0, 0xAAEA},   {0xABC0, 0xABDA},   {0x10A00, 0x10A00},
     {0x10A10, 0x10A13}, {0x10A15, 0x10A17}, {0x10A19, 0x10A35}, {0x11103, 0x11126}, {0x11144, 0x11144},
     {0x11147, 0x11147}, {0x11380, 0x11389}, {0x1138B, 0x1138B}, {0x1138E, 0x1138E}, {0x11390, 0x113B5},
     {0x11900, 0x11906}, {0x11909, 0x11909}, {0x1190C, 0x11913}, {0x11915, 0x11916}, {0x11918, 0x1192F},
     {0x11A00, 0x11A00}, {0x11A0B, 0x11A32}, {0x11A50, 0x11A50}, {0x11A5C, 0x11A83}, {0x11F04, 0x11F10},
     {0x11F12, 0x11F33}}};
/// Indic_Conjunct_Break=Linker.
constexpr std::array<CodePointRange, 20> kLinkers = {
    {{0x094D, 0x094D},   {0x09CD, 0x09CD},   {0x0ACD, 0x0ACD},   {0x0B4D, 0x0B4D},   {0x0C4D, 0x0C4D},
     {0x0D4D, 0x0D4D},   {0x1039, 0x1039},   {0x17D2, 0x17D2},   {0x1A60, 0x1A60},   {0x1B44, 0x1B44},
     {0x1BAB, 0x1BAB},   {0xA9C0, 0xA9C0},   {0xAAF6, 0xAAF6},   {0x10A3F, 0x10A3F}, {0x11133, 0x11133},
     {0x113D0, 0x113D0}, {0x1193E, 0x1193E}, {0x11A47, 0x11A47}, {0x11A99, 0x11A99}, {0x11F42, 0x11F42}}};

/// Grapheme_Cluster_Break, and the class of Extended_Pictographic.
int break_class(char32_t c) {
  const auto after = std::upper_bound(kBreakChanges.begin(), kBreakChanges.end(), c,
                                      [](char32_t value, const BreakChange& change) { return value < change.first; });
  if (after != kBreakChanges.begin() && c <= (after - 1)->last) return (after - 1)->value;
  return static_cast<int>(utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->boundclass);
}

bool is_control(int c) {
  return c == UTF8PROC_BOUNDCLASS_CONTROL || c == UTF8PROC_BOUNDCLASS_CR || c == UTF8PROC_BOUNDCLASS_LF;
}

bool is_hangul_pair(int left, int right) {
  const bool to_vowel = right == UTF8PROC_BOUNDCLASS_V;
  const bool to_final = right == UTF8PROC_BOUNDCLASS_T;
  switch (left) {
    case UTF8PROC_BOUNDCLASS_L:
      return to_vowel || right == UTF8PROC_BOUNDCLASS_L || right == UTF8PROC_BOUNDCLASS_LV ||
             right == UTF8PROC_BOUNDCLASS_LVT;
    case UTF8PROC_BOUNDCLASS_LV:
    case UTF8PROC_BOUNDCLASS_V:
      return to_vowel || to_final;
    case UTF8PROC_BOUNDCLASS_LVT:
    case UTF8PROC_BOUNDCLASS_T:
      return to_final;
    default:
      return false;
  }
}

/// What the rules look back at: more than the character before.
class Cluster {
 public:
  explicit Cluster(char32_t first) { add(first, break_class(first)); }

  /// Takes the character if it goes on with the cluster.
  bool take(char32_t c) {
    const int next = break_class(c);
    if (!continues(next) && !(has_linker_ && is_in(kConsonants, c))) return false;
    add(c, next);
    return true;
  }

 private:
  bool continues(int next) const {
    if (last_ == UTF8PROC_BOUNDCLASS_CR) return next == UTF8PROC_BOUNDCLASS_LF;
    if (is_control(last_) || is_control(next)) return false;
    if (is_hangul_pair(last_, next)) return true;
    if (next == UTF8PROC_BOUNDCLASS_EXTEND || next == UTF8PROC_BOUNDCLASS_ZWJ ||
        next == UTF8PROC_BOUNDCLASS_SPACINGMARK || last_ == UTF8PROC_BOUNDCLASS_PREPEND) {
      return true;
    }
    if (next == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC) {
      return pictograph_ && last_ == UTF8PROC_BOUNDCLASS_ZWJ;
    }
    return next == UTF8PROC_BOUNDCLASS_REGIONAL_INDICATOR && indicators_ % 2 == 1;
  }

  void add(char32_t c, int next) {
    const bool extends = next == UTF8PROC_BOUNDCLASS_EXTEND || next == UTF8PROC_BOUNDCLASS_ZWJ;
    pictograph_ = next == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC || (pictograph_ && extends);
    indicators_ = next == UTF8PROC_BOUNDCLASS_REGIONAL_INDICATOR ? indicators_ + 1 : 0;
    // U+200C extends a cluster, but no conjunct.
    const bool goes_on = has_consonant_ && extends && c != 0x200C;
    has_linker_ = goes_on && (has_linker_ || is_in(kLinkers, c));
    has_consonant_ = goes_on || is_in(kConsonants, c);
    last_ = next;
  }

  int last_ = UTF8PROC_BOUNDCLASS_OTHER;
  bool pictograph_ = false;                          ///< a pictograph and nothing after it but what extends it
  int indicators_ = 0;                               ///< regional indicators in a row
  bool has_consonant_ = false, has_linker_ = false;  ///< an Indic consonant and what extends it, a linker among that
};

}  // namespace

std::size_t grapheme_bytes(std::string_view text, std::size_t position) {
  const CodePoint first = code_point_at(text, position);
  Cluster cluster(first.value);
  std::size_t end = position + first.bytes;
  while (end < text.size()) {
    const CodePoint c = code_point_at(text, end);
    if (!cluster.take(c.value)) break;
    end += c.bytes;
  }
  return end - position;
}

}  // namespace kerf::text
