#pragma once

#include <optional>
#include <string>
#include <vector>

namespace kerf::report::html {

/// One value with how far it may be off.
struct Point {
  double x = 0, y = 0;
  std::optional<double> low{}, high{};  ///< of y
};

/// Points of one candidate; `number` is shown at single points and selects the colour.
struct PlotSeries {
  std::string name;
  std::size_t number = 0;
  std::vector<Point> points;
};

struct Plot {
  std::string title, x_label, y_label;
  std::string summary{};  ///< what it shows, for who does not see it
  bool log_x = false, log_y = false, y_from_zero = false;
  bool lines = false;  ///< points are joined instead of marked
  std::vector<PlotSeries> series{};
  std::vector<Point> front{};  ///< joined by a line of its own: the Pareto front
};

/// A <figure> with an inline SVG that scales with the page and takes its colours from the style sheet.
std::string figure(const Plot& plot);

/// Those points that no other one beats in both x and y, by growing x.
std::vector<Point> pareto_front(std::vector<Point> points);

}  // namespace kerf::report::html
