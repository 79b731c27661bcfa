/// Posterior samples mu_ik of each object, drawn under an interim prior pi0(mu):
/// L_i(theta) = (1 / K_i) sum_k p(mu_ik | theta) / pi0(mu_ik)   (importance sampling; Hogg, Myers & Bovy
/// 2010).
#pragma once

#include <string_view>
#include <vector>

#include "starling/parameter.hpp"

namespace starling {

struct Samples {
  static constexpr std::string_view name = "samples";
  static constexpr std::string_view meaning =
      "posterior samples of mu, drawn under an interim prior (flat or stated)";
  static std::vector<Parameter> parameters() { return {}; }
};

}  // namespace starling
