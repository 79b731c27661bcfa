/// Selection effects: the survey sees an object with a probability that depends on its true value, and the
/// catalog holds those that it saw.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "starling/numbers.hpp"

namespace starling {

/// How objects were selected. Build it by parse_selection, or by hand.
/// The likelihood becomes prod_i L_i / P_det(theta)^N with P_det = int p(mu | theta) p_det(mu) dmu, or, with
/// a Poisson rate R of objects in the population as a hyperparameter (`rate`), R^N exp(-R P_det) prod_i L_i
/// (Loredo 2004; Mandel, Farr & Gair 2019).
struct Selection {
  enum class Kind {
    none,
    threshold,   ///< seen where the measured value x > a (noise included)
    logistic,    ///< p_det = 1 / (1 + exp(-(mu - a) / b)); b < 0: fainter is better
    table,       ///< p_det at given mu, linear between, constant outside
    injections,  ///< simulated objects that were seen, of `injected` drawn from a density p_draw
  };
  Kind kind = Kind::none;
  double a = 0, b = 0;
  /// table: increasing; injections: of those that were seen; of several latents side by side.
  std::vector<double> mu;
  std::vector<double> value;  ///< table: p_det; injections: ln p_draw(mu)
  double injected = 0;        ///< how many were drawn, seen or not
  /// By role: covariates of the injections, for populations that depend on them; p_draw is their density,
  /// too.
  std::map<std::string, Numbers> covariates;
  bool rate = false;  ///< `rate` is a hyperparameter
  std::string text;   ///< as on the command line

  [[nodiscard]] bool any() const { return kind != Kind::none || rate; }
};

/// Reads "threshold(5)", "logistic(5, 0.3)", "table(FILE)" (columns mu and p_det) and "injections(FILE,
/// 100000)" (columns mu, or whatever names the population's latents and covariates have, and p_draw or
/// log_p_draw of those that were seen, and how many were drawn). FILE is read as a catalog. "" or "none": no
/// selection. Throws InputError.
Selection parse_selection(const std::string& text, std::string_view population = "normal");

}  // namespace starling
