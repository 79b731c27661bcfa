// Simulation-based calibration of every population in every fit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <sstream>

#include "models/registry.hpp"
#include "pair_cases.hpp"
#include "starling/starling.hpp"

namespace pair_test {
namespace {

using starling::Method;

/// Priors a quarter of the value wide on either side of the theta of pair_cases.cpp. In joint fits, ends of
/// the support that are hyperparameters are known: latents hold them back, which takes more sweeps than are
/// made here.
starling::Model model_of(const PopulationCase& p, Method method) {
  const auto parameters = starling::parameters_of(p.text, "normal");
  const bool moves =
      !starling::names_vectors(p.text) && starling::find_population(p.text).model->support_moves();
  starling::Priors priors;
  for (std::size_t j = 0; j < parameters.size(); ++j) {
    const auto& name = parameters[j].name;
    const double value = p.theta[j], half = std::max(0.25 * std::abs(value), 0.05);
    const bool end = name == "lower" || name == "upper" || name == "mmin" || name == "mmax";
    priors.emplace_back(name, moves && end && method == Method::joint
                                  ? starling::fixed(value)
                                  : starling::uniform(value - half, value + half));
  }
  return {p.text, "normal", priors};
}

starling::CalibrationOptions options_for(const PopulationCase& p, Method method) {
  starling::CalibrationOptions o;
  o.replicates = 30;
  o.objects = 12;
  o.draws = 29;
  o.latents = 1;
  o.sigma = method == Method::naive ? 0 : p.text == "beta" ? 0.1 : 0.3;
  o.false_alarm = 1e-7;  // of one; there are 72
  o.threads = 1;
  o.fit.ensembles = 1;
  o.fit.walkers = std::max<std::size_t>(20, 4 * p.theta.size());
  o.fit.burn_in = 100;
  o.fit.steps = 40 * p.theta.size();
  o.fit.device = "cpu";
  o.fit.quadrature_tolerance = 1e-3;  // far below what 30 catalogs of 12 objects can tell
  return o;
}

class EveryFit : public testing::TestWithParam<std::tuple<PopulationCase, Method>> {};

TEST_P(EveryFit, IsCalibrated) {
  const auto& [population, method] = GetParam();
  const auto result =
      starling::calibrate(model_of(population, method), method, options_for(population, method));
  std::ostringstream text;
  text << result;
  EXPECT_TRUE(result.passed()) << text.str();
}

std::string case_name(const testing::TestParamInfo<EveryFit::ParamType>& info) {
  std::string name = std::get<0>(info.param).text;
  std::erase(name, ')');
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name + "_" + to_string(std::get<1>(info.param));
}
/// Populations of several latents per object.
const std::vector<PopulationCase> kVectors{{"multivariate_normal(dimension=2)", {0.3, 1, 1, 0.6, 0.4}},
                                           {"linear", {1, 2, 0.5, 3, 1}},
                                           {"linear_mixture_2", {1, -0.7, 0.3, -1, 0.5, 2, 0.8, 0.4}}};
INSTANTIATE_TEST_SUITE_P(Vectors, EveryFit,
                         testing::Combine(testing::ValuesIn(kVectors),
                                          testing::Values(Method::naive, Method::marginal, Method::joint)),
                         case_name);
INSTANTIATE_TEST_SUITE_P(Of, EveryFit,
                         testing::Combine(testing::ValuesIn(populations()),
                                          testing::Values(Method::naive, Method::marginal, Method::joint)),
                         case_name);

}  // namespace
}  // namespace pair_test
