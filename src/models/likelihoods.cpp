// The likelihoods of theta that need no integral: of points, and closed forms.
#include <fmt/format.h>

#include "formulas/terms.hpp"
#include "models/frames.hpp"
#include "models/kernel_likelihood.hpp"
#include "models/normal_draw.hpp"
#include "models/pieces.hpp"
#include "models/point_sums.hpp"
#include "models/sample_density.hpp"
#include "starling/error.hpp"
#include "starling/model.hpp"

namespace starling {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Where the numbers that ln L is about are from one exponential family a few sums over them say all; else a
/// kernel sums anew for each theta.
class LikelihoodOrSums : public KernelLikelihood {
 public:
  using KernelLikelihood::KernelLikelihood;
  void evaluate(std::span<const double> theta, std::span<double> out) override {
    if (!by_sums_) return KernelLikelihood::evaluate(theta, out);
    const std::size_t d = parts_.dimension;
    std::vector<double> of_points(parts_.population_dimension);
    for (std::size_t w = 0; w < out.size(); ++w) {
      theta_of_points(theta.subspan(w * d, d), of_points.data());
      out[w] = reference_value_ + log_density_of_points(*parts_.population, of_points, sums_);
    }
  }
  std::uint64_t terms() const override { return by_sums_ ? 1 : KernelLikelihood::terms(); }

  bool draws_theta() const override {
    return by_sums_ && parts_.population->is_normal() && parts_.dimension == 2;
  }
  /// Mean and width of the numbers are drawn: the draws' density is flat in that width, w. With noise in it
  /// there is none for w below the noise, and d w / d theta_sigma = theta_sigma / w is left to the ratio.
  bool draw(HostStream& stream, std::span<double> theta) const override {
    const auto of_numbers = draw_mean_and_width(sums_.sums[0], sums_.sums[1], sums_.weight, stream);
    if (!of_numbers) return false;
    const double variance = of_numbers->sd * of_numbers->sd - noise_variance();
    if (!(variance > 0)) return false;
    theta[0] = parts_.frame.from(sums_.current[0] + of_numbers->mean);
    theta[1] = parts_.frame.scale * std::sqrt(variance);
    return true;
  }
  void add_log_ratio_to_draws(std::span<const double> theta, std::span<double> out) const override {
    if (!(noise_variance() > 0)) return;
    for (std::size_t w = 0; w < out.size(); ++w) {
      const double sigma = theta[2 * w + 1] / parts_.frame.scale;
      out[w] += 0.5 * std::log1p(noise_variance() / (sigma * sigma));
    }
  }

 protected:
  /// What the numbers' variance has beside the population's, in the frame, where the measurement has no
  /// hyperparameters.
  [[nodiscard]] virtual double noise_variance() const { return 0; }

  /// out: the population's theta, in the frame, that those numbers are from.
  virtual void theta_of_points(std::span<const double> theta, double* out) const = 0;
  virtual std::unique_ptr<LikelihoodKernel> kernel(const ObjectTable<double>& objects) = 0;

  std::unique_ptr<LikelihoodKernel> make_kernel(const ObjectTable<double>& objects) final {
    return by_sums_ ? nullptr : kernel(objects);
  }
  void add_up(std::span<const double> reference, const PointsOfPiece& points) {
    sums_ = sums_of_points(*parts_.population, reference, parts_.catalog, points);
  }

  bool by_sums_ = false;
  PointSums sums_;  // by sums reference_value_ is what the units of the frame make of the density
};

class PointLikelihood final : public LikelihoodOrSums {
 public:
  explicit PointLikelihood(const Parts& parts) : LikelihoodOrSums(parts) {
    by_sums_ = parts.population->has_statistics();
    coefficients_ = parts.population->difference_size();
  }
  void pointwise(std::span<const double> theta, std::span<double> out) override {
    const auto c = prepared(framed(theta));
    in_pieces(parts_.catalog, [&](std::uint64_t begin, std::uint64_t end) {
      parts_.population->log_density(c, points(begin, end), out.subspan(begin, end - begin));
    });
    for (double& l : out) l -= log_scale();
  }

 private:
  double build(ObjectTable<double>& objects, std::span<const double>) override {
    if (by_sums_) {
      add_up(reference_, [this](std::uint64_t begin, std::uint64_t end) { return points(begin, end); });
      return -sums_.weight * log_scale();
    }
    double sum = 0;
    in_pieces(parts_.catalog, [&](std::uint64_t begin, std::uint64_t end) {
      const auto l = at_reference(points(begin, end));
      for (std::uint64_t i = begin; i < end; ++i) sum += weight(i) * (l[i - begin] - log_scale());
    });
    objects.make_columns = [this](std::uint64_t begin, std::uint64_t end) {
      ObjectColumns<double> column;
      column[0] = points(begin, end);
      if (!parts_.population->has_ratio()) column[1] = at_reference(column[0]);
      parts_.catalog.let_go(begin, end);
      return column;
    };
    return sum;
  }
  /// Of objects [begin, end), in the frame.
  [[nodiscard]] std::vector<double> points(std::uint64_t begin, std::uint64_t end) const {
    auto piece = points_between(parts_.measurement.get(), parts_.catalog, begin, end);
    for (double& x : piece) x = parts_.frame.to(x);
    return piece;
  }
  /// ln p(point | reference) in the frame.
  [[nodiscard]] std::vector<double> at_reference(const std::vector<double>& points) const {
    std::vector<double> l(points.size());
    parts_.population->log_density(prepared(reference_), points, l);
    for (double& v : l)
      if (!(v > -kInfinity)) v = 0;  // it may stand for any value where it is impossible
    return l;
  }
  void theta_of_points(std::span<const double> theta, double* out) const override {
    parts_.population->to_frame(population(theta), parts_.frame, out);
  }
  std::unique_ptr<LikelihoodKernel> kernel(const ObjectTable<double>& objects) override {
    return parts_.population->kernel(Term::point, parts_.backend, objects);
  }
  void column(std::span<const double> theta, double* out) const override {
    parts_.population->difference(framed(theta), reference_, out);
  }
};

/// d(frame's x) / dx behind normal noise, in logarithm: sigma in the frame over sigma, whatever the
/// measurement's units.
double log_jacobian(const Parts& parts, Row row, const Datum<double>& d) {
  return -0.5 * std::log(d.v[0]) + parts.measurement->log_constant(row, parts.frame) + 0.91893853320467274178;
}

/// Where the noise of all objects is the same, x is from one normal distribution, of which two sums say all.
class ExactLikelihood final : public LikelihoodOrSums {
 public:
  explicit ExactLikelihood(const Parts& parts)
      : LikelihoodOrSums(parts), rows_(*parts.measurement, parts.catalog) {
    coefficients_ = NormalMarginalTerm::coefficients;
    one_noise_ = datum(0);
    by_sums_ = has_one_noise(*parts.measurement, parts.catalog);
  }
  void pointwise(std::span<const double> theta, std::span<double> out) override {
    const Theta t = at(framed(theta), noise(theta));
    in_pieces(parts_.catalog, [&](std::uint64_t begin, std::uint64_t end) {
      for (std::uint64_t i = begin; i < end; ++i) {
        const auto d = datum(i);
        const double y = d.center - t.m, v = t.s2 + t.q / d.v[0];
        out[i] =
            -0.5 * (y * y / v + std::log(v)) - 0.91893853320467274178 + log_jacobian(parts_, rows_[i], d);
      }
    });
  }

 private:
  struct Theta {
    double m, s2, q;  // mean, variance (an extra scatter included), scale of the noise's variance
  };
  [[nodiscard]] Theta at(std::span<const double> framed_theta, std::span<const double> noise_theta) const {
    const auto c = parts_.measurement->prepare(noise_theta, parts_.frame);
    const double s2 = framed_theta[1] * framed_theta[1];
    if (const auto factor = parts_.measurement->precision_factor(c))
      return {framed_theta[0], s2, 1 / *factor};
    return {framed_theta[0], s2 + c[0], 1};  // an extra scatter is one with the population's
  }
  [[nodiscard]] Datum<double> datum(std::size_t i) const {
    return parts_.measurement->datum(rows_[i], parts_.frame);
  }
  /// Mean and standard deviation of x, where there is one noise.
  [[nodiscard]] std::array<double, 2> of_x(const Theta& t) const {
    return {t.m, std::sqrt(t.s2 + t.q / one_noise_.v[0])};
  }
  double noise_variance() const override { return 1 / one_noise_.v[0]; }
  double build(ObjectTable<double>& objects, std::span<const double>) override {
    const Theta r = at_reference_ = at(reference_, reference_noise_);
    if (by_sums_) {
      double in_units = 0;
      add_up(of_x(r), [&](std::uint64_t begin, std::uint64_t end) {
        std::vector<double> x;
        for (std::uint64_t i = begin; i < end; ++i) {
          const auto d = datum(i);
          x.push_back(d.center);
          in_units += weight(i) * log_jacobian(parts_, rows_[i], d);
        }
        return x;
      });
      return in_units;
    }
    double sum = 0;
    in_pieces(parts_.catalog, [&](std::uint64_t begin, std::uint64_t end) {
      for (std::uint64_t i = begin; i < end; ++i) {
        const auto d = datum(i);
        const double y = d.center - r.m, v = r.s2 + r.q / d.v[0];
        sum += weight(i) * (-0.5 * (y * y / v + std::log(v)) - 0.91893853320467274178 +
                            log_jacobian(parts_, rows_[i], d));
      }
    });
    objects.make_columns = [this, r](std::uint64_t begin, std::uint64_t end) {
      ObjectColumns<double> column;
      for (std::uint64_t i = begin; i < end; ++i) {
        const auto d = datum(i);
        column[0].push_back(d.center - r.m);
        column[1].push_back(1 / (r.s2 + r.q / d.v[0]));
      }
      parts_.catalog.let_go(begin, end);
      return column;
    };
    return sum;
  }
  void theta_of_points(std::span<const double> theta, double* out) const override {
    parts_.population->to_frame(population(theta), parts_.frame, out);
    const auto t = of_x(at({out, 2}, noise(theta)));
    std::copy(t.begin(), t.end(), out);
  }
  std::unique_ptr<LikelihoodKernel> kernel(const ObjectTable<double>& objects) override {
    return parts_.population->kernel(Term::exact, parts_.backend, objects);
  }
  void column(std::span<const double> theta, double* out) const override {
    std::array<double, 2> in_frame{};
    parts_.population->to_frame(population(theta), parts_.frame, in_frame.data());
    const Theta p = at(in_frame, noise(theta)), r = at_reference_;
    const double dq = (p.q - r.q) / r.q;
    out[0] = p.m - r.m;
    out[1] = dq;
    out[2] = p.s2 - r.s2 - dq * r.s2;
  }
  Rows rows_;
  Theta at_reference_{};
  Datum<double> one_noise_;  // of any object, where by_sums_
};

/// Populations whose density behind normal noise has a closed form: mixtures of normals.
class NoisyDensityLikelihood final : public KernelLikelihood {
 public:
  explicit NoisyDensityLikelihood(const Parts& parts) : KernelLikelihood(parts) {
    coefficients_ = parts.population->prepared_size() + kMeasurementCoefficients;
    const Rows rows(*parts.measurement, parts.catalog);
    for (std::size_t i = 0; i < parts.catalog.size(); ++i) {
      const auto row = rows[i];
      const auto d = parts.measurement->datum(row, parts.frame);
      x_.push_back(d.center);
      precision_.push_back(d.v[0]);
      jacobian_.push_back(log_jacobian(parts, row, d));
    }
  }
  void pointwise(std::span<const double> theta, std::span<double> out) override {
    log_densities(framed(theta), noise(theta), out);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += jacobian_[i];
  }

 private:
  void log_densities(std::span<const double> framed_theta, std::span<const double> noise_theta,
                     std::span<double> out) const {
    const auto c = parts_.measurement->prepare(noise_theta, parts_.frame);
    std::vector<double> variance(x_.size());
    for (std::size_t i = 0; i < x_.size(); ++i)
      variance[i] = parts_.measurement->variance(c, {x_[i], {precision_[i], 0, 0}});
    parts_.population->log_density_with_noise(prepared(framed_theta), x_, variance, out);
  }
  double build(ObjectTable<double>& objects, std::span<const double>) override {
    std::vector<double> l(x_.size());
    log_densities(reference_, reference_noise_, l);
    double sum = 0;
    for (std::size_t i = 0; i < l.size(); ++i) sum += weight(i) * (l[i] + jacobian_[i]);
    objects.measurement = parts_.measurement->number();
    objects.column[0] = x_;
    objects.column[1] = precision_;
    objects.column[2] = std::move(l);
    return sum;
  }
  std::unique_ptr<LikelihoodKernel> make_kernel(const ObjectTable<double>& objects) override {
    return parts_.population->kernel(Term::noisy_density, parts_.backend, objects);
  }
  void column(std::span<const double> theta, double* out) const override {
    parts_.population->prepare(framed(theta), out);
    const auto c = parts_.measurement->prepare(noise(theta), parts_.frame);
    std::copy(c.begin(), c.end(), out + parts_.population->prepared_size());
  }
  std::vector<double> x_, precision_, jacobian_;
};

}  // namespace

std::unique_ptr<Likelihood> point_likelihood(const Parts& parts, std::span<const double> reference) {
  return made<PointLikelihood>(parts, reference);
}
std::unique_ptr<Likelihood> exact_likelihood(const Parts& parts, std::span<const double> reference) {
  return made<ExactLikelihood>(parts, reference);
}
std::unique_ptr<Likelihood> noisy_density_likelihood(const Parts& parts, std::span<const double> reference) {
  return made<NoisyDensityLikelihood>(parts, reference);
}

}  // namespace starling
