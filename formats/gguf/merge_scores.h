#pragma once

#include "core/json.h"
#include "formats/gguf/vocabulary.h"

namespace kerf::formats::gguf {

/// Scores by which llama.cpp merges pairs as the list of a BPE model says: it puts together any two neighbours that
/// make a token, that of the highest score first, so a token's score is minus the place of its merges. Error(kUsage)
/// naming the token if that is not the same: its merges are not next to each other, or one of its pairs is not in the
/// list.
void score_merges(const JsonCursor& model, Vocabulary& vocabulary);

}  // namespace kerf::formats::gguf
