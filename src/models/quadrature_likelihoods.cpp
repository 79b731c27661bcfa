// The likelihood of theta by quadrature over each latent.
#include "models/kernel_likelihood.hpp"
#include "models/quadrature.hpp"

namespace starling {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

QuadraturePoint point_at(const Parts& parts, std::span<const double> theta) {
  return quadrature_point(*parts.population, *parts.measurement, parts.framed(theta),
                          theta.subspan(parts.population_dimension, parts.measurement_dimension),
                          parts.frame);
}

/// The points at which nodes must be right: the reference and the others.
std::vector<QuadraturePoint> points_for(const Parts& parts, std::span<const double> reference,
                                        std::span<const double> reference_noise,
                                        std::span<const double> others) {
  std::vector<QuadraturePoint> points;
  points.push_back(
      quadrature_point(*parts.population, *parts.measurement, reference, reference_noise, parts.frame));
  for (std::size_t k = 0; k + parts.dimension <= others.size(); k += parts.dimension)
    points.push_back(point_at(parts, others.subspan(k, parts.dimension)));
  return points;
}

/// Nodes of all objects.
std::vector<ObjectNodes> place_all(const Parts& parts, const Rows& rows,
                                   const std::vector<QuadraturePoint>& points, double& error) {
  std::vector<ObjectNodes> all(parts.catalog.size());
  parallel_for(all.size(), parts.backend.threads, 64, [&](std::size_t i) {
    all[i] = place_nodes(*parts.population, *parts.measurement,
                         parts.measurement->datum(rows[i], parts.frame), points, parts.tolerance);
  });
  error = 0;
  for (const auto& nodes : all) error = std::max(error, nodes.error);
  return all;
}

/// Some objects, from all over the catalog, by which it is seen whether nodes are close enough for a theta.
class Sentinels {
 public:
  Sentinels() = default;
  Sentinels(const Parts& parts, const Rows& rows, const std::vector<ObjectNodes>& nodes) {
    constexpr std::size_t most = 32;
    const std::size_t step = (nodes.size() + most - 1) / most;
    for (std::size_t i = 0; i < nodes.size(); i += step) {
      data_.push_back(parts.measurement->datum(rows[i], parts.frame));
      nodes_.push_back(nodes[i]);
    }
  }
  [[nodiscard]] bool resolve(const Parts& parts, std::span<const double> theta) const {
    const QuadraturePoint point = point_at(parts, theta);
    for (std::size_t i = 0; i < data_.size(); ++i)
      if (!resolves(*parts.population, *parts.measurement, data_[i], point, nodes_[i])) return false;
    return true;
  }

 private:
  std::vector<Datum<double>> data_;
  std::vector<ObjectNodes> nodes_;
};

/// Quadrature where neither the support nor the measurement depends on theta: nodes as samples.
class FixedNodesLikelihood final : public SamplesLikelihood {
 public:
  explicit FixedNodesLikelihood(const Parts& parts)
      : SamplesLikelihood(parts), rows_(*parts.measurement, parts.catalog) {}
  bool by_nodes() const override { return true; }
  double integration_error(std::span<const double>) const override { return error_; }
  bool resolves(std::span<const double> theta) const override { return sentinels_.resolve(parts_, theta); }

 private:
  double build(ObjectTable<double>& objects, std::span<const double> others) override {
    const auto nodes =
        place_all(parts_, rows_, points_for(parts_, reference_, reference_noise_, others), error_);
    sentinels_ = {parts_, rows_, nodes};
    as_samples(nodes);
    return SamplesLikelihood::build(objects, {});
  }
  /// Nodes with the logarithms of their weights and likelihoods.
  void as_samples(const std::vector<ObjectNodes>& nodes) {
    const auto c = parts_.measurement->prepare({}, parts_.frame);
    nodes_.offset.assign(1, 0);
    for (const auto& n : nodes) nodes_.offset.push_back(nodes_.offset.back() + n.rule->t.size());
    nodes_.mu.resize(nodes_.offset.back());
    nodes_.log_interim.resize(nodes_.offset.back());
    constant_.resize(nodes.size());
    parallel_for(nodes.size(), parts_.backend.threads, 64, [&](std::size_t i) {
      const auto row = rows_[i];
      const auto datum = parts_.measurement->datum(row, parts_.frame);
      const auto& [a, b, rule, error] = nodes[i];
      const std::size_t begin = nodes_.offset[i], count = rule->t.size();
      const std::span<double> mu(nodes_.mu.data() + begin, count),
          l(nodes_.log_interim.data() + begin, count);
      for (std::size_t k = 0; k < count; ++k) mu[k] = a + (b - a) * rule->t[k];
      parts_.measurement->log_likelihood(c, datum, mu, l);
      // the peak of the likelihood goes to the constant: floats need not hold it
      const double top = *std::max_element(l.begin(), l.end());
      for (std::size_t k = 0; k < count; ++k) l[k] = top - l[k] - rule->log_weight[k] - std::log(b - a);
      // where the likelihood is 0 a node counts for nothing
      for (double& v : l) v = v < 1e30 ? v : 1e30;
      constant_[i] = top + parts_.measurement->log_constant(row, parts_.frame);
    });
  }
  WeightedSamples values(std::size_t i) const override { return nodes_.of(i); }
  const std::vector<std::uint64_t>& offsets() const override { return nodes_.offset; }
  double constant(std::size_t i) const override { return constant_[i]; }

  Rows rows_;
  Sentinels sentinels_;
  ValuesOfObjects nodes_;
  std::vector<double> constant_;
  double error_ = 0;
};

/// Quadrature where the support or the measurement depends on theta.
class MovingNodesLikelihood final : public KernelLikelihood {
 public:
  explicit MovingNodesLikelihood(const Parts& parts)
      : KernelLikelihood(parts), rows_(*parts.measurement, parts.catalog) {
    coefficients_ = parts.population->prepared_size() + kMeasurementCoefficients + 2 +
                    (parts.population->has_break() ? 1 : 0);
  }
  bool by_nodes() const override { return true; }
  double integration_error(std::span<const double>) const override { return error_; }
  bool resolves(std::span<const double> theta) const override { return sentinels_.resolve(parts_, theta); }
  void pointwise(std::span<const double> theta, std::span<double> out) override {
    const auto point = point_at(parts_, theta);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto row = rows_[i];
      out[i] = log_integral(*parts_.population, *parts_.measurement,
                            parts_.measurement->datum(row, parts_.frame), point, nodes_[i]) +
               parts_.measurement->log_constant(row, parts_.frame);
    }
  }

 private:
  double build(ObjectTable<double>& objects, std::span<const double> others) override {
    const auto points = points_for(parts_, reference_, reference_noise_, others);
    nodes_ = place_all(parts_, rows_, points, error_);
    sentinels_ = {parts_, rows_, nodes_};
    objects.measurement = parts_.measurement->number();
    objects.offset.assign(1, 0);
    for (auto& column : objects.column) column.reserve(objects.size);
    double sum = 0;
    for (std::size_t i = 0; i < objects.size; ++i) {
      const auto row = rows_[i];
      const auto datum = parts_.measurement->datum(row, parts_.frame);
      const auto& n = nodes_[i];
      double l = log_integral(*parts_.population, *parts_.measurement, datum, points[0], n);
      if (!(l > -kInfinity)) l = 0;
      objects.column[0].push_back(datum.center);
      for (std::size_t j = 0; j < 3; ++j) objects.column[1 + j].push_back(datum.v[j]);
      objects.column[4].push_back(n.a - datum.center);
      objects.column[5].push_back(n.b - datum.center);
      objects.column[6].push_back(l);
      objects.sample[0].insert(objects.sample[0].end(), n.rule->t.begin(), n.rule->t.end());
      objects.sample[1].insert(objects.sample[1].end(), n.rule->log_weight.begin(), n.rule->log_weight.end());
      objects.offset.push_back(objects.sample[0].size());
      sum += weight(i) * (l + parts_.measurement->log_constant(row, parts_.frame));
    }
    return sum;
  }
  std::unique_ptr<LikelihoodKernel> make_kernel(const ObjectTable<double>& objects) override {
    return parts_.population->kernel(Term::quadrature, parts_.backend, objects);
  }
  void column(std::span<const double> theta, double* out) const override {
    const auto t = framed(theta);
    parts_.population->prepare(t, out);
    out += parts_.population->prepared_size();
    const auto c = parts_.measurement->prepare(noise(theta), parts_.frame);
    out = std::copy(c.begin(), c.end(), out);
    const auto [lower, upper] = common_support(*parts_.population, *parts_.measurement, t, parts_.frame);
    out[0] = std::max(lower, -1e30);  // finite, as differences are taken
    out[1] = std::min(upper, 1e30);
    if (parts_.population->has_break()) out[2] = parts_.population->break_in_support(t);
  }
  Rows rows_;
  Sentinels sentinels_;
  std::vector<ObjectNodes> nodes_;
  double error_ = 0;
};

}  // namespace

std::unique_ptr<Likelihood> quadrature_likelihood(const Parts& parts, std::span<const double> reference) {
  if (parts.population->support_moves() || !parts.measurement->parameters().empty())
    return made<MovingNodesLikelihood>(parts, reference);
  return made<FixedNodesLikelihood>(parts, reference);
}

}  // namespace starling
