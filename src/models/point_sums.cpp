#include "models/point_sums.hpp"

#include <limits>

#include "models/pieces.hpp"

namespace starling {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

PointSums sums_of_points(const PopulationModel& population, std::span<const double> theta,
                         const Catalog& catalog, const PointsOfPiece& points) {
  PointSums all{population.prepared(theta), std::vector<double>(population.population_sums()), 0, false};
  const std::span<const double> weights = catalog.weight;
  in_pieces(catalog, [&](std::uint64_t begin, std::uint64_t end) {
    const auto piece = points(begin, end);
    const auto weight = weights.empty() ? weights : weights.subspan(begin, end - begin);
    std::vector<double> l(piece.size()), sums(all.sums.size());
    population.log_density(all.current, piece, l);
    population.add_statistics(all.current, piece, weight, sums);
    for (std::size_t k = 0; k < sums.size(); ++k) all.sums[k] += sums[k];
    for (std::size_t i = 0; i < l.size(); ++i) {
      const double w = weight.empty() ? 1 : weight[i];
      all.weight += w;
      all.impossible |= w > 0 && !(l[i] > -kInfinity);
    }
  });
  return all;
}

double log_density_of_points(const PopulationModel& population, std::span<const double> theta,
                             const PointSums& sums) {
  if (sums.impossible) return -kInfinity;
  return population.log_density_sum(theta, sums.current, sums.sums, sums.weight);
}

}  // namespace starling
