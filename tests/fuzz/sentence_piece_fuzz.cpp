// A tokenizer.model: texts are cut by what passes the checks, whatever it holds.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "formats/tokenizer_files/sentence_piece_model.h"
#include "text/pieces.h"
#include "text/sentence_piece.h"

namespace {

const std::string kTexts[] = {
    "the people of  this country",     std::string("\0a\t\n", 4), "\u4f60\u597d \U0001f468\u200d\U0001f469",
    "\u00e9e\u0301\ufb01\uff21\u2460", std::string(300, 'a'),     "<unk><s>\u2581\u2581 9,"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  try {
    auto parsed = kerf::formats::tokenizer_files::parse_sentence_piece_model(bytes, "fuzz.model");
    kerf::Json vocab = kerf::Json::object(), json = kerf::Json::object();
    for (std::size_t id = 0; id < parsed.pieces.size(); ++id) {
      vocab.set(parsed.pieces[id].text, static_cast<std::int64_t>(id));
    }
    json.set("vocab", std::move(vocab));
    json.set("keeps_spaces_after", parsed.pieces[static_cast<std::size_t>(parsed.unknown_id)].text);
    json.set("splits_comma_after_digit", true);
    const auto model = kerf::text::make_sentence_piece_model(
        std::make_shared<const kerf::description::SentencePieceModel>(std::move(parsed)),
        kerf::JsonCursor(json, "fuzz.model"));
    for (const std::string& text : kTexts) {
      kerf::text::Pieces pieces;
      pieces.assign(text);
      kerf::text::EncodedIds ids;
      model->encode(pieces, ids);
    }
  } catch (const kerf::Error&) {
    return 0;
  }
  return 0;
}
