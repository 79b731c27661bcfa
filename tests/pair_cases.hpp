/// What the tests of pairs (population, measurement) share: one theta per population, one set of columns per
/// measurement, and densities p(x | mu) as their definitions have them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace pair_test {

struct PopulationCase {
  std::string text;
  std::vector<double> theta;
};
const std::vector<PopulationCase>& populations();

/// One object: x, sigma, and the other columns by role.
using Object = std::function<double(const std::string&)>;

struct MeasurementCase {
  std::string text;
  std::map<std::string, std::vector<double>> columns;  ///< beside x; one number for all
  std::vector<double> theta;
  /// ln p(x | mu), written out.
  std::function<double(const Object&, const std::vector<double>& theta, double mu)> log_density;
  /// Where mu is likely, and how wide that is, roughly: where brute force looks closely.
  std::function<std::pair<double, double>(const Object&)> place;
};

const std::vector<MeasurementCase>& measurements();

/// By their text.
const MeasurementCase& measurement(const std::string& text);
const PopulationCase& population(const std::string& text);

}  // namespace pair_test
