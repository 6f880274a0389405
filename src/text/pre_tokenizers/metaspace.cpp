// SentencePiece's words (Kudo & Richardson 2018, arXiv:1808.06226): a visible character stands for each space, and a
// piece begins with it.

#include "text/metaspace.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/strings.h"
#include "text/pre_tokenizer.h"
#include "text/word_cleanup.h"

namespace kerf::text {
namespace {

class Metaspace : public PreTokenizer {
 public:
  explicit Metaspace(const JsonCursor& json) : options_(json) {}

  void split(Pieces& pieces) const override {
    Pieces out;
    out.begins_text = pieces.begins_text;
    out.text.reserve(pieces.text.size() + pieces.text.size() / 4);
    for (const Span& span : pieces.spans) {
      const bool is_first = pieces.begins_text && &span == pieces.spans.data();
      const auto begin = static_cast<std::uint32_t>(out.text.size());
      append_replaced(pieces.view(span), is_first, out.text);
      check_text_size(out.text.size());
      append_spans(out, begin);
    }
    pieces = std::move(out);
  }

 private:
  using Prepend = MetaspaceOptions::Prepend;

  void append_replaced(std::string_view text, bool is_first, std::string& out) const {
    const bool prepends = options_.prepend == Prepend::kAlways || (options_.prepend == Prepend::kFirst && is_first);
    if (prepends && text[0] != ' ' && !starts_with(text, options_.replacement)) out += options_.replacement;
    out += replace_all(text, " ", options_.replacement);
  }

  /// The spans of what `out` has from `begin` on.
  void append_spans(Pieces& out, std::uint32_t begin) const {
    const std::string_view text = out.text;
    while (options_.split) {
      const std::size_t next = text.find(options_.replacement, begin + 1);
      if (next == std::string_view::npos) break;
      out.spans.push_back({begin, static_cast<std::uint32_t>(next)});
      begin = static_cast<std::uint32_t>(next);
    }
    out.spans.push_back({begin, static_cast<std::uint32_t>(text.size())});
  }

  MetaspaceOptions options_;
};

std::unique_ptr<PreTokenizer> make(const JsonCursor& json) { return std::make_unique<Metaspace>(json); }

}  // namespace

const PreTokenizerInfo& metaspace_pre_tokenizer() {
  static const PreTokenizerInfo info{"Metaspace", "words that begin with a visible space", make};
  return info;
}

}  // namespace kerf::text
