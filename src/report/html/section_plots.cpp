// The plots of the page.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/strings.h"
#include "report/figures.h"
#include "report/html/plot.h"
#include "report/html/sections.h"

namespace kerf::report::html {
namespace {

constexpr double kMegabyte = 1e6;

double megabytes(const Measurement& m) { return static_cast<double>(m.bytes) / kMegabyte; }

Plot size_plot(const std::string& title, const std::string& y_label) {
  Plot plot;
  plot.title = title;
  plot.x_label = "size (MB, logarithmic)";
  plot.y_label = y_label;
  plot.log_x = true;
  return plot;
}

/// Adds the front and a summary in words.
void finish_size_plot(Plot& plot, const std::string& unit) {
  std::vector<Point> all;
  std::vector<std::string> words;
  for (const PlotSeries& series : plot.series) {
    all.push_back(series.points.front());
    words.push_back(fmt::format("{}: {} MB, {:.4g} {}", series.name, fixed(series.points.front().x, 1),
                                series.points.front().y, unit));
  }
  plot.front = pareto_front(std::move(all));
  plot.summary = join(words, "; ");
}

std::string kl_plot(const Comparison& comparison) {
  Plot plot = size_plot("Size against KL", "KL mean (nats, logarithmic)");
  plot.log_y = true;
  for (std::size_t i = 0; i < comparison.candidates.size(); ++i) {
    const Measurement& m = comparison.candidates[i];
    if (!m.kl || m.bytes == 0 || m.kl->mean <= 0) continue;
    Point point{.x = megabytes(m), .y = m.kl->mean};
    if (const auto interval = m.intervals.find("kl_mean"); interval != m.intervals.end() && interval->second.low > 0) {
      point.low = interval->second.low;
      point.high = interval->second.high;
    }
    plot.series.push_back({m.spec, i, {point}});
  }
  if (plot.series.empty()) return "";
  finish_size_plot(plot, "nats");
  return figure(plot);
}

std::string perplexity_plot(const Comparison& comparison) {
  Plot plot = size_plot("Size against perplexity", "change of the perplexity (%)");
  plot.y_from_zero = true;
  for (std::size_t i = 0; i < comparison.candidates.size(); ++i) {
    const Measurement& m = comparison.candidates[i];
    if (!m.judgement || !m.perplexity || m.bytes == 0) continue;
    const Estimate& d = m.judgement->difference;
    Point point{.x = megabytes(m), .y = 100 * std::expm1(d.value)};
    if (std::isfinite(d.error)) {
      point.low = 100 * std::expm1(d.low);
      point.high = 100 * std::expm1(d.high);
    }
    plot.series.push_back({m.spec, i, {point}});
  }
  if (plot.series.empty()) return "";
  finish_size_plot(plot, "% of perplexity");
  return figure(plot);
}

std::string histogram_plot(const Comparison& comparison) {
  Plot plot{.title = "How KL is spread over tokens",
            .x_label = "KL (nats, logarithmic)",
            .y_label = "share of the tokens (%)"};
  plot.log_x = plot.lines = plot.y_from_zero = true;
  std::vector<std::string> words;
  for (std::size_t i = 0; i < comparison.candidates.size(); ++i) {
    const Histogram& histogram = comparison.candidates[i].kl_histogram;
    const double total = static_cast<double>(comparison.candidates[i].tokens_scored);
    PlotSeries series{comparison.candidates[i].spec, i, {}};
    for (std::size_t b = 0; b < histogram.counts.size(); ++b) {
      if (total <= 0) break;
      // A step: both ends of the bin at its height.
      const double from = histogram.low + histogram.step * static_cast<double>(b);
      const double share = 100 * static_cast<double>(histogram.counts[b]) / total;
      series.points.push_back({.x = std::pow(10, from), .y = share});
      series.points.push_back({.x = std::pow(10, from + histogram.step), .y = share});
    }
    if (series.points.empty()) continue;
    if (comparison.candidates[i].kl) {
      words.push_back(fmt::format("{}: median {:.2g}, 99% below {:.2g}", series.name,
                                  comparison.candidates[i].kl->median, comparison.candidates[i].kl->p99));
    }
    plot.series.push_back(std::move(series));
  }
  plot.summary = join(words, "; ");
  return plot.series.empty() ? "" : figure(plot);
}

/// Neighbouring positions together, so that at most `most` points are left.
std::vector<Point> averaged(const Profile& profile, std::size_t most) {
  const std::size_t run = (profile.index.size() + most - 1) / most;
  std::vector<Point> points;
  for (std::size_t begin = 0; begin < profile.index.size(); begin += run) {
    double sum = 0, tokens = 0, middle = 0;
    const std::size_t end = std::min(begin + run, profile.index.size());
    for (std::size_t i = begin; i < end; ++i) {
      const auto weight = static_cast<double>(profile.tokens[i]);
      sum += weight * profile.kl[i];
      tokens += weight;
      middle += static_cast<double>(profile.index[i]) / static_cast<double>(end - begin);
    }
    if (tokens > 0) points.push_back({.x = middle, .y = sum / tokens});
  }
  return points;
}

std::string profile_plot(const Comparison& comparison, const std::string& title, const std::string& x_label,
                         Profile Measurement::*which) {
  constexpr std::size_t kMostPoints = 64;
  Plot plot{.title = title, .x_label = x_label, .y_label = "KL mean (nats)"};
  plot.lines = plot.log_y = true;
  for (std::size_t i = 0; i < comparison.candidates.size(); ++i) {
    const Profile& profile = comparison.candidates[i].*which;
    if (profile.kl.size() < 2) continue;
    plot.series.push_back({comparison.candidates[i].spec, i, averaged(profile, kMostPoints)});
    std::erase_if(plot.series.back().points, [](const Point& p) { return p.y <= 0; });
  }
  plot.summary = "mean KL of each candidate";
  return plot.series.empty() ? "" : figure(plot);
}

}  // namespace

std::string plots(const Comparison& comparison) {
  return "<div class=plots>\n" + kl_plot(comparison) + perplexity_plot(comparison) + histogram_plot(comparison) +
         profile_plot(comparison, "Drift by position in the window", "position", &Measurement::by_position) +
         profile_plot(comparison, "Drift along the text", "window", &Measurement::by_window) + "</div>\n";
}

}  // namespace kerf::report::html
