#include "text/sentence_piece/piece_cutter.h"

namespace kerf::text {
namespace {

class CharacterCutter : public PieceCutter {
 public:
  explicit CharacterCutter(const PieceTable& table) : table_(table) {}

  void cut(std::string normalized, PieceSink& sink) const override {
    for (std::string_view text = normalized; !text.empty();) {
      const std::string_view symbol = text.substr(0, table_.symbol_bytes(text));
      sink.append(table_.id_of(symbol), symbol);
      text.remove_prefix(symbol.size());
    }
  }

 private:
  const PieceTable& table_;
};

}  // namespace

std::unique_ptr<PieceCutter> make_character_cutter(const PieceTable& table) {
  return std::make_unique<CharacterCutter>(table);
}

}  // namespace kerf::text
