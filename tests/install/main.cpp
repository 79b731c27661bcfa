// A user's program: fits a small catalog and prints what it found.
#include <iostream>
#include <starling/starling.hpp>

int main() {
  auto catalog = starling::read_csv("galaxies.csv", {.x = "log_mass", .sigma = "log_mass_err"});
  auto model =
      starling::Model{starling::NormalPopulation{},
                      starling::NormalNoise{},
                      {{"theta_mu", starling::uniform(5, 15)}, {"theta_sigma", starling::uniform(0, 2)}}};
  auto chain = starling::fit_joint(model, catalog, {.walkers = 20, .burn_in = 200, .steps = 500, .seed = 1});
  std::cout << starling::summary(chain);
}
