// Units, and quick figures of a catalog.
#include "models/frames.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/pieces.hpp"
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

/// The first object from `begin` on that is among one in `every`.
std::size_t every_from(std::size_t begin, std::size_t every) {
  return (begin + every - 1) / every * every;
}

/// Calls f with the point of one object in `every`, of [begin, end).
template <class F>
void for_points(const MeasurementModel* measurement, const Catalog& catalog, std::size_t begin,
                std::size_t end, std::size_t every, F f) {
  if (measurement == nullptr) {
    for (std::size_t i = begin; i < end; i += every) f(catalog.x[i]);
    return;
  }
  const Rows rows(*measurement, catalog, Rows::Use::points);
  for (std::size_t i = begin; i < end; i += every) f(measurement->datum(rows[i], Frame{}).center);
}

}  // namespace

std::vector<double> points_of(const MeasurementModel* measurement, const Catalog& catalog,
                              std::size_t every) {
  std::vector<double> points;
  points.reserve(catalog.size() / every + 1);
  in_pieces(catalog, [&](std::size_t begin, std::size_t end) {
    for_points(measurement, catalog, every_from(begin, every), end, every,
               [&](double point) { points.push_back(point); });
  });
  return points;
}

std::vector<double> points_between(const MeasurementModel* measurement, const Catalog& catalog,
                                   std::size_t begin, std::size_t end) {
  std::vector<double> points;
  points.reserve(end - begin);
  for_points(measurement, catalog, begin, end, 1, [&](double point) { points.push_back(point); });
  return points;
}

std::size_t enough_of(std::size_t objects) {
  return std::max<std::size_t>(1, objects >> 20);
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
                                    std::span<const double> measurement_theta, const Catalog& catalog,
                                    std::size_t every) {
  std::vector<double> noise;
  noise.reserve(catalog.size() / every + 1);
  if (measurement == nullptr) {
    for (std::size_t i = 0; i < catalog.size(); i += every)
      noise.push_back(moments_of_samples(catalog, i).squares /
                      static_cast<double>(catalog.offsets[i + 1] - catalog.offsets[i]));
    return noise;
  }
  const Rows rows(*measurement, catalog);
  const auto c = measurement->prepare(measurement_theta, Frame{});
  in_pieces(catalog, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = every_from(begin, every); i < end; i += every) {
      const auto datum = measurement->datum(rows[i], Frame{});
      noise.push_back(measurement->normal_like() ? measurement->variance(c, datum)
                                                 : std::pow(likelihood_width(*measurement, c, datum), 2));
    }
  });
  return noise;
}

bool has_one_noise(const MeasurementModel& measurement, const Catalog& catalog) {
  const Rows rows(measurement, catalog);
  const double first = measurement.datum(rows[0], Frame{}).v[0];
  bool same = true;
  in_pieces(catalog, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end && same; ++i)
      same = measurement.datum(rows[i], Frame{}).v[0] == first;
  });
  return same;
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

Points summary_of(const MeasurementModel* measurement,
                  std::optional<std::span<const double>> measurement_theta, const Catalog& catalog) {
  const std::size_t every = enough_of(catalog.size());
  Points p = summary_of(points_of(measurement, catalog, every),
                        measurement_theta ? noise_variances(measurement, *measurement_theta, catalog, every)
                                          : std::vector<double>{});
  p.n *= static_cast<double>(every);
  if (every == 1) return p;
  in_pieces(catalog, [&](std::size_t begin, std::size_t end) {
    for_points(measurement, catalog, begin, end, 1, [&](double point) {  // none may be left out of the range
      p.smallest = std::min(p.smallest, point);
      p.largest = std::max(p.largest, point);
    });
  });
  return p;
}

double noise_share(const std::vector<double>& points, const std::vector<double>& noise) {
  const double spread = frame_of(points, true, true).scale;
  double share = 0;
  for (const double variance : noise)
    share += std::min(variance / (spread * spread), 1.0) / static_cast<double>(noise.size());
  return share;
}

std::vector<std::string> naive_caveat(double noise_share, std::size_t objects) {
  // A normal population's variance is that of the points less that of the noise, and the naive fit knows its
  // width to one part in sqrt(2 N).
  const double share = std::min(noise_share, 1.0);
  const double too_wide = std::sqrt(2 * static_cast<double>(objects)) * (1 - std::sqrt(1 - share));
  if (!(too_wide >= 0.5)) return {};
  return {fmt::format(
      "A naive fit counts noise as width of the population. Here noise is {:.2g} % of the points' variance: "
      "a width comes out about {:.2g} posterior sds too large. Use the method marginal or joint.",
      100 * share, too_wide)};
}

std::vector<std::string> samples_caveat(const Catalog& catalog) {
  std::vector<std::size_t> single;
  for (std::size_t i = 0; i < catalog.size(); ++i)
    if (catalog.offsets[i + 1] - catalog.offsets[i] == 1) single.push_back(i);
  if (100 * single.size() <= catalog.size()) return {};
  return {
      fmt::format("Of {} of {} objects there is a single posterior sample (as {}), which stands for the true "
                  "value, and V "
                  "knows nothing of its scatter. Take more samples per object.",
                  single.size(), catalog.size(), catalog.names(single))};
}

}  // namespace starling
