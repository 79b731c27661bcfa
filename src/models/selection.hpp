/// What selection adds to the logarithm of a likelihood: a function of theta alone.
#pragma once

#include <memory>
#include <span>

#include "models/likelihoods.hpp"
#include "starling/selection.hpp"

namespace starling {

class SelectionFactor {
 public:
  virtual ~SelectionFactor() = default;
  /// -N ln P_det, or N ln R - R P_det; theta is [n][d] in the catalog's units. -infinity where P_det is 0.
  virtual void log_factor(std::span<const double> theta, std::span<double> out) = 0;
  /// Whether log_factor costs next to nothing and may be called from several threads.
  [[nodiscard]] virtual bool cheap() const = 0;
  /// Monte Carlo variance of log_factor at one theta, and the effective number of injections (Farr 2019);
  /// 0 and infinity without injections.
  struct Error {
    double variance, n_eff;
  };
  virtual Error error(std::span<const double> theta) = 0;
  /// P_det at one theta.
  virtual double detected(std::span<const double> theta) = 0;
};

/// p_det at a true value (in the catalog's units), where it is a function of that alone: logistic, table.
double detection_probability(const Selection& selection, double mu);

/// Null without selection. Throws InputError where the selection cannot be had for the model and catalog.
std::unique_ptr<SelectionFactor> selection_factor(const Parts& parts, const Selection& selection);

}  // namespace starling
