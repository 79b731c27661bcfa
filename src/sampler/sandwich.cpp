#include "sampler/sandwich.hpp"

#include <cmath>
#include <Eigen/Dense>

namespace starling {

Sandwich sandwich(Likelihood& likelihood, std::span<const double> weight, const std::vector<double>& draws,
                  std::size_t d) {
  const auto n = static_cast<Eigen::Index>(draws.size() / d), size = static_cast<Eigen::Index>(d);
  using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Rows> theta(draws.data(), n, size);
  const Eigen::VectorXd mean = theta.colwise().mean();
  const Rows centred = theta.rowwise() - mean.transpose();
  const Eigen::MatrixXd c = centred.transpose() * centred / static_cast<double>(n - 1);

  const auto objects = static_cast<Eigen::Index>(weight.size());
  Eigen::MatrixXd scores = Eigen::MatrixXd::Zero(objects, size);
  Eigen::VectorXd up(objects), down(objects);
  const auto at = [&](Eigen::Index j, double step, Eigen::VectorXd& out) {
    std::vector<double> moved(mean.data(), mean.data() + d);
    moved[static_cast<std::size_t>(j)] += step;
    likelihood.pointwise(moved, std::span(out.data(), weight.size()));
  };
  for (Eigen::Index j = 0; j < size; ++j) {
    const double step = 0.02 * std::sqrt(c(j, j));
    if (!(step > 0)) continue;  // a fixed parameter
    at(j, step, up);
    at(j, -step, down);
    for (Eigen::Index i = 0; i < objects; ++i) {
      const double slope = weight[static_cast<std::size_t>(i)] * (up[i] - down[i]) / (2 * step);
      scores(i, j) = std::isfinite(slope) ? slope : 0;
    }
  }
  // about their mean: the prior, and what selection adds, hold the sum of the scores at 0
  scores.rowwise() -= scores.colwise().mean();
  const Eigen::MatrixXd covariance = c * (scores.transpose() * scores) * c;
  Sandwich out{{}, 0};
  for (Eigen::Index j = 0; j < size; ++j) out.sd.push_back(std::sqrt(covariance(j, j)));
  double sum = 0, squares = 0;
  for (const double w : weight) {
    sum += w;
    squares += w * w;
  }
  out.effective_number = sum * sum / squares;
  return out;
}

}  // namespace starling
