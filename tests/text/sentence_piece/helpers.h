#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/sentence_piece/piece_cutter.h"

namespace kerf::test {

using Model = description::SentencePieceModel;
using Type = Model::Type;

/// A model with the unknown piece, of id 0, and these.
inline Model piece_model(std::vector<Model::Piece> pieces, Model::Kind kind = Model::Kind::kBpe) {
  Model model;
  model.kind = kind;
  model.pieces = {{"<unk>", 0, Type::kUnknown}};
  model.pieces.insert(model.pieces.end(), pieces.begin(), pieces.end());
  return model;
}

inline text::PieceTable piece_table(Model model) {
  return {std::make_shared<const Model>(std::move(model)), "x.model"};
}

/// The texts of the pieces that a normalized text is cut into.
inline std::vector<std::string> cut(std::unique_ptr<text::PieceCutter> (*make)(const text::PieceTable&), Model model,
                                    std::string normalized) {
  const text::PieceTable table = piece_table(std::move(model));
  text::EncodedIds out;
  text::PieceSink sink(table, out);
  make(table)->cut(std::move(normalized), sink);
  std::vector<std::string> texts;
  for (const auto id : out.ids) texts.push_back(table.piece(static_cast<std::int32_t>(id)).text);
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace kerf::test
