// The joint density that the chain keeps after moves at fixed eta is what would be computed afresh.
#include <gtest/gtest.h>

#include <numeric>

#include "models/definition.hpp"
#include "vector_cases.hpp"

namespace {

struct Case {
  std::string population, measurement;
  std::vector<double> before, after;
  std::map<std::string, std::vector<double>> columns;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.population << " x " << c.measurement;
}

class JointTargets : public testing::TestWithParam<Case> {};

TEST_P(JointTargets, TheDensityIsCarriedOverAMoveAtFixedEta) {
  const Case& c = GetParam();
  constexpr std::size_t n = 40, chains = 2;
  const std::size_t d = c.before.size();
  auto columns = c.columns;
  for (auto& [role, values] : columns) values.resize(n, values[0]);
  const auto catalog = starling::simulate({c.population, c.measurement, c.before, columns, n, 0, 4}).catalog;
  starling::Priors priors;
  for (const auto& p : starling::parameters_of(c.population, c.measurement))
    priors.emplace_back(p.name, starling::parse_prior(p.lower < -1  ? "normal(0, 9)"
                                                      : p.upper > 1 ? "half_normal(9)"
                                                                    : "uniform(-1, 1)"));
  const starling::Model model(c.population, c.measurement, priors);
  starling::FitOptions options;
  options.ensembles = 1;
  options.walkers = chains;
  options.latents = "metropolis";
  starling::Backend backend;
  backend.kind = starling::BackendKind::reference;
  const auto target = model.definition().joint(catalog, options, backend);

  std::vector<double> before, after;
  for (std::size_t k = 0; k < chains; ++k) {
    before.insert(before.end(), c.before.begin(), c.before.end());
    after.insert(after.end(), c.after.begin(), c.after.end());
  }
  target->start(before);
  target->sweep(0, before, starling::LatentStep::Collect::nothing);
  const std::vector<std::size_t> all{0, 1};
  std::vector<double> centred(chains), noncentred(chains), moved(chains), afresh(chains);
  target->centred(all, before, centred);
  target->noncentred(all, before, before, noncentred);
  target->noncentred(all, before, after, moved);
  for (std::size_t k = 0; k < chains; ++k) target->transform(k, {&before[k * d], d}, {&after[k * d], d});
  static_cast<void>(target->finish(1, starling::LatentStep::Collect::nothing, 1));  // the latents have moved
  target->centred(all, after, afresh);
  for (std::size_t k = 0; k < chains; ++k) {
    const double carried =
        target->joint({&before[k * d], d}, {&after[k * d], d}, centred[k], noncentred[k], moved[k]);
    // centred leaves out p(x | latents), in which theta has no say
    const double whole = afresh[k] + moved[k];
    EXPECT_NEAR(carried, whole, 1e-9 * (std::abs(centred[k]) + std::abs(moved[k])));
    EXPECT_GT(std::abs(afresh[k] - centred[k]), 1) << "a move that changes nothing shows nothing";
  }
}

INSTANTIATE_TEST_SUITE_P(OfOneLatentAndSeveral, JointTargets,
                         testing::Values(Case{"student_t", "poisson_log", {1, 1, 5}, {1.3, 0.8, 5}, {}},
                                         Case{"skew_normal", "poisson_log", {1, 1, 2}, {1.3, 0.8, 2}, {}},
                                         Case{"multivariate_normal(dimension=2)",
                                              "normal",
                                              {0, 1, 1, 2, 0.3},
                                              {0.4, 0.7, 1.5, 1.2, 0.3},
                                              {{"sigma", {0.5}}, {"sigma_2", {0.8}}}}));

}  // namespace
