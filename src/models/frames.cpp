// Units, and quick figures of a catalog.
#include "models/frames.hpp"

#include <algorithm>
#include <cmath>

#include "models/quadrature.hpp"

namespace starling {
namespace {

double quantile(std::vector<double>& values, double q) {
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

double standard_deviation(const std::vector<double>& values) {
  const double n = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double v : values) mean += (v - values[0]) / n;
  for (const double v : values) squares += std::pow(v - values[0] - mean, 2) / n;
  return std::sqrt(squares);
}

}  // namespace

std::vector<double> points_of(const MeasurementModel* measurement, const Catalog& catalog) {
  if (measurement == nullptr) return catalog.x;
  const Rows rows(*measurement, catalog, Rows::Use::points);
  std::vector<double> points(catalog.size());
  for (std::size_t i = 0; i < points.size(); ++i) points[i] = measurement->datum(rows[i], Frame{}).center;
  return points;
}

Frame frame_of(std::vector<double> points, bool shifts, bool scales) {
  Frame frame;
  const double middle = quantile(points, 0.5);
  double width = 0.5 * (quantile(points, 0.84) - quantile(points, 0.16));
  if (!(width > 0)) width = standard_deviation(points);
  if (!(width > 0)) width = std::abs(points[0]);
  if (!(width > 0) || !std::isfinite(width)) width = 1;
  if (shifts) frame.shift = middle;
  if (scales) {
    if (!shifts) {  // about 0: the typical size
      for (double& p : points) p = std::abs(p);
      const double size = quantile(points, 0.5);
      if (size > 0) width = size;
    }
    frame.scale = width;
  }
  frame.resolution = 1e-7 * (shifts ? width : std::max(width, std::abs(middle))) / frame.scale;
  return frame;
}

SampleMoments moments_of_samples(const Catalog& catalog, std::size_t i) {
  const std::size_t begin = catalog.offsets[i], end = catalog.offsets[i + 1];
  const double k = static_cast<double>(end - begin);
  SampleMoments m{0, 0};
  for (std::size_t j = begin; j < end; ++j) m.mean += (catalog.samples[j] - catalog.x[i]) / k;
  for (std::size_t j = begin; j < end; ++j)
    m.squares += std::pow(catalog.samples[j] - catalog.x[i] - m.mean, 2);
  return m;
}

std::vector<double> noise_variances(const MeasurementModel* measurement,
                                    std::span<const double> measurement_theta, const Catalog& catalog) {
  std::vector<double> noise(catalog.size());
  if (measurement == nullptr) {
    for (std::size_t i = 0; i < noise.size(); ++i)
      noise[i] = moments_of_samples(catalog, i).squares /
                 static_cast<double>(catalog.offsets[i + 1] - catalog.offsets[i]);
    return noise;
  }
  const Rows rows(*measurement, catalog);
  const auto c = measurement->prepare(measurement_theta, Frame{});
  for (std::size_t i = 0; i < noise.size(); ++i) {
    const auto datum = measurement->datum(rows[i], Frame{});
    noise[i] = measurement->normal_like() ? measurement->variance(c, datum)
                                          : std::pow(likelihood_width(*measurement, c, datum), 2);
  }
  return noise;
}

Points summary_of(const std::vector<double>& points, const std::vector<double>& noise) {
  double limit = 0;
  if (!noise.empty()) {
    auto sorted = noise;
    limit = quantile(sorted, 0.5);
  }
  Points p{};
  const double origin = points[0];
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!noise.empty() && noise[i] > limit) continue;
    p.n += 1;
    sum += points[i] - origin;
    if (!noise.empty()) p.noise += noise[i];
  }
  p.mean = origin + sum / p.n;
  p.noise /= p.n;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (noise.empty() || !(noise[i] > limit)) squares += std::pow(points[i] - p.mean, 2);
  p.variance = squares / p.n;
  p.smallest = *std::min_element(points.begin(), points.end());
  p.largest = *std::max_element(points.begin(), points.end());
  return p;
}

}  // namespace starling
