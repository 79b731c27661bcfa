/// Nodes for the integral over one object's latent, int p(x | mu) p(mu | theta) dmu: where the integrand
/// lives, and as many as its tolerance asks for.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "models/measurement_model.hpp"
#include "models/population_model.hpp"
#include "models/quadrature_rules.hpp"

namespace starling {

/// A theta at which the integral must be right, prepared. All in the frame.
struct QuadraturePoint {
  std::vector<double> population;  ///< as PopulationModel::prepare gives it
  std::array<double, kMeasurementCoefficients> measurement;
  std::pair<double, double> support;
  double break_in_support;      ///< NaN: none
  std::vector<double> typical;  ///< sorted draws of mu: where the population is
};
QuadraturePoint quadrature_point(const PopulationModel& population, const MeasurementModel& measurement,
                                 std::span<const double> population_theta,
                                 std::span<const double> measurement_theta, Frame frame);

/// Where the population is, cut to the mu that the measurement takes.
std::pair<double, double> common_support(const PopulationModel& population,
                                         const MeasurementModel& measurement,
                                         std::span<const double> population_theta, Frame frame);

struct ObjectNodes {
  double a = 0, b = 0;  ///< the interval; a walker's support cuts it
  Rule rule;
  double error = 0;  ///< of ln L at the worst of the points, by twice and four times the nodes
};

/// Chooses interval and rule for an object so that ln L at all points has an error below `tolerance`, if
/// about a thousand nodes are enough. One Gauss-Legendre rule; double-exponential (Takahasi & Mori 1974)
/// where the interval ends at an end of the support, at which densities may be singular; Gauss-Legendre in
/// asinh of mu where tails are long. Where 96 nodes of these are too few, panels, halved where the error is.
/// Nodes that add nothing at any of the points are left out.
ObjectNodes place_nodes(const PopulationModel& population, const MeasurementModel& measurement,
                        const Datum<double>& datum, std::span<const QuadraturePoint> points,
                        double tolerance);

/// ln int p(x | mu) p(mu | theta) dmu by these nodes.
double log_integral(const PopulationModel& population, const MeasurementModel& measurement,
                    const Datum<double>& datum, const QuadraturePoint& point, const ObjectNodes& nodes);

/// Whether these nodes make no more of the population than it is, where the integrand is: a population that
/// is narrower than they are apart gets too much where one of them is near, and ln L a peak that it does not
/// have.
bool resolves(const PopulationModel& population, const MeasurementModel& measurement,
              const Datum<double>& datum, const QuadraturePoint& point, const ObjectNodes& nodes);

/// int p(mu | theta) f(mu) dmu, all in the population's own units. `features`: where f changes quickly.
/// Panels of Gauss-Legendre between features and quantiles of the population; relative error about 1e-9 for
/// f and p that are smooth there.
double expectation(const PopulationModel& population, std::span<const double> theta,
                   const std::function<double(double)>& f, const std::vector<double>& features);

/// A draw from p(mu | x, theta): the cumulative distribution on a fine grid of the interval that holds the
/// integrand, inverted.
double draw_latent(const PopulationModel& population, const MeasurementModel& measurement,
                   const Datum<double>& datum, const QuadraturePoint& point, HostStream& stream);

/// Distance from the datum's center at which the likelihood has fallen by half a unit of its logarithm, to a
/// factor of 1.5.
double likelihood_width(const MeasurementModel& measurement, std::span<const double> prepared,
                        const Datum<double>& datum);

}  // namespace starling
