#pragma once

#include <string>

#include "kerf/kerf.h"

#include "report/tables.h"

namespace kerf::report::html {

/// A <table> in a box that scrolls by itself. `label` names it, `id` may be empty, `tall`: at most some screens high.
std::string table(const PlainTable& table, const std::string& label, const std::string& id = "", bool tall = false);
/// What the columns of a table mean, folded away.
std::string explanations(const PlainTable& table);
/// Size against KL and perplexity, KL's histogram, drift by position.
std::string plots(const Comparison& comparison);
/// The tokens where a candidate is farthest off.
std::string worst_tokens(const Measurement& candidate);

}  // namespace kerf::report::html
