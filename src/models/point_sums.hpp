/// Sums over points of an exponential family, made once: then ln L of all of them costs as much as that of
/// one.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "models/population_model.hpp"
#include "starling/catalog.hpp"

namespace starling {

/// Points of objects [begin, end).
using PointsOfPiece = std::function<std::vector<double>(std::uint64_t begin, std::uint64_t end)>;

struct PointSums {
  std::vector<double> current;  ///< the theta, as prepared, that the sums are relative to
  std::vector<double> sums;     ///< as add_statistics gives them
  double weight = 0;            ///< of all points: their number, where there are no weights
  bool impossible = false;      ///< a point that has a weight has no density, under any theta
};

/// The sums of the catalog's points relative to `theta`, with its weights, where `population` has statistics.
PointSums sums_of_points(const PopulationModel& population, std::span<const double> theta,
                         const Catalog& catalog, const PointsOfPiece& points);

/// Sum of w_i ln p(point_i | theta).
double log_density_of_points(const PopulationModel& population, std::span<const double> theta,
                             const PointSums& sums);

}  // namespace starling
