#include "report/html/plot.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/html/axis.h"
#include "report/markup.h"

namespace kerf::report::html {
namespace {

constexpr double kWidth = 400, kHeight = 270, kLeft = 66, kRight = 390, kTop = 10, kBottom = 226;
constexpr std::size_t kColours = 8;

struct Axes {
  Axis x, y;
  double at_x(double value) const { return x.place(value, kLeft, kRight); }
  double at_y(double value) const { return y.place(value, kBottom, kTop); }
};

Axes axes_of(const Plot& plot) {
  std::vector<double> x, y;
  for (const PlotSeries& series : plot.series) {
    for (const Point& point : series.points) {
      x.push_back(point.x);
      y.push_back(point.y);
      if (point.low) y.push_back(*point.low);
      if (point.high) y.push_back(*point.high);
    }
  }
  return {Axis::covering(x, plot.log_x), Axis::covering(y, plot.log_y, plot.y_from_zero)};
}

std::string grid(const Plot& plot, const Axes& axes) {
  std::string out;
  for (const double tick : axes.x.ticks()) {
    const double x = axes.at_x(tick);
    out += fmt::format(
        "<line class=grid x1={0:.1f} x2={0:.1f} y1={1} y2={2} /><text class=tick x={0:.1f} y={3} "
        "text-anchor=middle>{4}</text>",
        x, kTop, kBottom, kBottom + 14, tick_text(tick));
  }
  for (const double tick : axes.y.ticks()) {
    const double y = axes.at_y(tick);
    out += fmt::format(
        "<line class=grid x1={0} x2={1} y1={2:.1f} y2={2:.1f} /><text class=tick x={3} y={4:.1f} "
        "text-anchor=end>{5}</text>",
        kLeft, kRight, y, kLeft - 5, y + 4, tick_text(tick));
  }
  out += fmt::format("<text class=label x={} y={} text-anchor=middle>{}</text>", (kLeft + kRight) / 2, kHeight - 8,
                     escape_markup(plot.x_label));
  out += fmt::format("<text class=label transform=\"translate(12 {}) rotate(-90)\" text-anchor=middle>{}</text>",
                     (kTop + kBottom) / 2, escape_markup(plot.y_label));
  return out;
}

std::string polyline(const std::vector<Point>& points, const Axes& axes, const std::string& css) {
  std::string path;
  for (const Point& point : points) {
    if (!std::isfinite(point.x) || !std::isfinite(point.y)) continue;
    path += fmt::format("{}{:.1f},{:.1f}", path.empty() ? "" : " ", axes.at_x(point.x), axes.at_y(point.y));
  }
  return fmt::format("<polyline class=\"{}\" points=\"{}\" />", css, path);
}

std::string marks(const PlotSeries& series, const Axes& axes) {
  std::string out;
  for (const Point& point : series.points) {
    if (!std::isfinite(point.x) || !std::isfinite(point.y)) continue;
    const double x = axes.at_x(point.x), y = axes.at_y(point.y);
    if (point.low && point.high) {
      out += fmt::format("<line class=\"bar s{0}\" x1={1:.1f} x2={1:.1f} y1={2:.1f} y2={3:.1f} />",
                         series.number % kColours, x, axes.at_y(*point.low), axes.at_y(*point.high));
    }
    out += fmt::format(
        "<circle class=\"mark s{0}\" cx={1:.1f} cy={2:.1f} r=8 /><text class=number x={1:.1f} y={3:.1f} "
        "text-anchor=middle>{4}</text>",
        series.number % kColours, x, y, y + 3.5, series.number + 1);
  }
  return fmt::format("<g><title>{}</title>{}</g>", escape_markup(series.name), out);
}

std::string legend(const Plot& plot) {
  std::string out;
  for (const PlotSeries& series : plot.series) {
    out += fmt::format("<li><span class=\"key k{}\" aria-hidden=true>{}</span>{}</li>", series.number % kColours,
                       series.number + 1, escape_markup(series.name));
  }
  return "<ul class=legend>" + out + "</ul>";
}

}  // namespace

std::vector<Point> pareto_front(std::vector<Point> points) {
  std::stable_sort(points.begin(), points.end(),
                   [](const Point& a, const Point& b) { return a.x < b.x || (a.x == b.x && a.y < b.y); });
  std::vector<Point> front;
  for (const Point& point : points) {
    if (std::isfinite(point.y) && (front.empty() || point.y < front.back().y)) front.push_back(point);
  }
  return front;
}

std::string figure(const Plot& plot) {
  const Axes axes = axes_of(plot);
  std::string body = grid(plot, axes);
  if (plot.front.size() > 1) body += polyline(plot.front, axes, "front");
  for (const PlotSeries& series : plot.series) {
    if (plot.lines) {
      body += fmt::format("<g><title>{}</title>{}</g>", escape_markup(series.name),
                          polyline(series.points, axes, fmt::format("curve s{}", series.number % kColours)));
    } else {
      body += marks(series, axes);
    }
  }
  return fmt::format(
      "<figure><figcaption>{0}</figcaption><svg viewBox=\"0 0 {1} {2}\" role=img aria-label=\"{0}: "
      "{3}\">{4}</svg>{5}</figure>\n",
      escape_markup(plot.title), kWidth, kHeight, escape_markup(plot.summary), body, legend(plot));
}

}  // namespace kerf::report::html
