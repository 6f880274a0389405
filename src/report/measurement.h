#pragma once

#include <string>
#include <vector>

#include "kerf/kerf.h"

#include "core/json.h"
#include "report/table.h"

namespace kerf::report {

/// The keys that every command with figures uses: perplexity, perplexity_stderr (of a classifier instead entropy,
/// accuracy, accuracy_stderr, and classes with label, predicted and probability), kl_mean, kl_stderr, kl_median,
/// kl_p90, kl_p99, kl_p999, kl_max (nats), top1_agreement, top5_agreement (fractions), delta_p_rms, tokens_scored,
/// bytes, bytes_as, bits_per_weight, seconds, peak_ram_bytes, spec, notes; the other names of report/metrics.h;
/// intervals (by key), against_reference, by_window, by_position, kl_histogram, worst. A figure that was not measured
/// has no key.
Json::Object measurement_json(const Measurement& measurement);

/// protocol, context, windows, tokens_total, tokens_dropped, tokens_scored, bos, notes; where they apply figure (what
/// the perplexity is), special_tokens (in a window), runs, masked_share (of the text in a run),
/// blank_lines, conversations; of text tokens_per_word, unknown_share (of characters), byte_fallback_share (of tokens).
Json::Object text_figures_json(const TextFigures& text);

/// Rows (name, value) that say how a text was cut and scored.
void add_text_figures(Table& facts, const TextFigures& text);

/// A table of a classifier's classes: how often each is most likely, and its mean probability; beside the reference's
/// unless that is null.
std::string classes_text(const std::vector<ClassShare>& classes, const std::vector<ClassShare>* reference);

/// "note: ..." lines.
std::string notes_text(const std::vector<std::string>& notes);

}  // namespace kerf::report
