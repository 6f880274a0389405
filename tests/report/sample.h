#pragma once

#include "kerf/kerf.h"

namespace kerf::test {

inline TextFigures sample_text() {
  TextFigures text;
  text.protocol = "llama.cpp";
  text.context = 512;
  text.windows = 37;
  text.tokens_total = 19000;
  text.tokens_dropped = 56;
  text.tokens_scored = 9472;
  text.bos = true;
  return text;
}

/// A model as measured without a reference.
inline Measurement sample_reference() {
  Measurement m;
  m.spec = "models/tiny";
  m.perplexity = 12.345678;
  m.perplexity_stderr = 0.0712;
  m.tokens_scored = 9472;
  m.bytes = 14680064;
  m.bits_per_weight = 32;
  m.seconds = 1.25;
  m.peak_ram_bytes = 96 << 20;
  return m;
}

inline Measurement sample_candidate() {
  Measurement m = sample_reference();
  m.spec = "int4-g32/rtn";
  m.kl = Spread{.mean = 0.0125,
                .mean_error = 0.0001,
                .min = -0.000001,
                .median = 0.001,
                .p90 = 0.02,
                .p99 = 0.2,
                .p999 = 0.8,
                .max = 2};
  m.top1_agreement = 0.975;
  m.top5_agreement = 0.995;
  m.top1_error = 0.002;
  m.delta_p_rms = 0.0123;
  m.bytes = 2097152;
  m.bytes_as = "gguf";
  m.bits_per_weight = 4.5;
  return m;
}

/// A classifier as measured against labels.
inline Measurement sample_classifier() {
  Measurement m = sample_candidate();
  m.perplexity.reset();
  m.perplexity_stderr.reset();
  m.top5_agreement.reset();
  m.entropy = 0.5;
  m.accuracy = 0.9;
  m.accuracy_stderr = 0.01;
  m.classes = {{"negative", 0.25, 0.3}, {"positive", 0.75, 0.7}};
  return m;
}

inline TextFigures sample_lines() {
  TextFigures text;
  text.protocol = "lines";
  text.figure = "";
  text.context = 512;
  text.windows = text.runs = text.tokens_scored = 872;
  text.tokens_total = 20000;
  text.tokens_dropped = 120;
  text.special = 2;
  text.by_line = true;
  text.blank_lines = 3;
  return text;
}

}  // namespace kerf::test
