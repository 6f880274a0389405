// GPT-2's pre-tokenizer (Radford et al. 2019): splits into words and writes their bytes in a printable alphabet.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/byte_alphabet.h"
#include "text/pre_tokenizer.h"
#include "text/regex.h"

namespace kerf::text {
namespace {

/// The expression of GPT-2's encoder.py.
constexpr std::string_view kWords = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

class ByteLevel : public PreTokenizer {
 public:
  explicit ByteLevel(const JsonCursor& json) : add_prefix_space_(json.at("add_prefix_space").as_bool()) {
    expect_keys(json, {"add_prefix_space", "trim_offsets", "use_regex"});
    json.bool_or("trim_offsets", true);  // of no influence on ids
    if (json.bool_or("use_regex", true)) words_ = std::make_unique<Regex>(kWords, json);
  }

  void split(Pieces& pieces) const override {
    Pieces out;
    out.begins_text = pieces.begins_text;
    out.text.reserve(pieces.text.size() + pieces.text.size() / 4);
    out.spans.reserve(words_ ? pieces.text.size() / 4 : pieces.spans.size());
    std::string prefixed;
    for (const Span piece : pieces.spans) {
      std::string_view text = pieces.view(piece);
      if (add_prefix_space_ && text[0] != ' ') {
        prefixed.assign(1, ' ');
        text = prefixed.append(text);
      }
      split_piece(text, out);
    }
    pieces = std::move(out);
  }

 private:
  void split_piece(std::string_view text, Pieces& out) const {
    if (!words_) return append(text, out);
    std::size_t previous = 0;
    words_->find_all(text, [&](Span match) {
      append(text.substr(previous, match.begin - previous), out);
      append(text.substr(match.begin, match.end - match.begin), out);
      previous = match.end;
    });
    append(text.substr(previous), out);
  }

  static void append(std::string_view bytes, Pieces& out) {
    if (bytes.empty()) return;
    const auto begin = static_cast<std::uint32_t>(out.text.size());
    check_text_size(out.text.size() + 2 * bytes.size());
    append_byte_level(out.text, bytes);
    out.spans.push_back({begin, static_cast<std::uint32_t>(out.text.size())});
  }

  bool add_prefix_space_;
  std::unique_ptr<Regex> words_;  ///< null: pieces stay whole
};

std::unique_ptr<PreTokenizer> make(const JsonCursor& json) { return std::make_unique<ByteLevel>(json); }

}  // namespace

const PreTokenizerInfo& byte_level_pre_tokenizer() {
  static const PreTokenizerInfo info{"ByteLevel", "GPT-2's words, their bytes in a printable alphabet", make};
  return info;
}

}  // namespace kerf::text
