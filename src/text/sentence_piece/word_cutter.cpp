#include "core/strings.h"
#include "text/sentence_piece/piece_cutter.h"
#include "text/sentence_piece/piece_normalizer.h"

namespace kerf::text {
namespace {

class WordCutter : public PieceCutter {
 public:
  explicit WordCutter(const PieceTable& table) : table_(table) {}

  void cut(std::string normalized, PieceSink& sink) const override {
    for (std::string_view text = normalized; !text.empty();) {
      // A space is the beginning of a word.
      const std::string_view word = text.substr(0, text.find(kSpaceSign, 1));
      sink.append(table_.id_of(word), word);
      text.remove_prefix(word.size());
    }
  }

 private:
  const PieceTable& table_;
};

}  // namespace

std::unique_ptr<PieceCutter> make_word_cutter(const PieceTable& table) { return std::make_unique<WordCutter>(table); }

}  // namespace kerf::text
