/// What a population and a measurement of several latents per object must offer: mu is a vector of up to
/// eight components. They are structs of functions as those of one latent (population.hpp, measurement.hpp).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "starling/measurement.hpp"
#include "starling/population.hpp"

namespace starling {

inline constexpr int kMostLatents = 8;

/// Symmetric and lower triangular matrices are packed by rows: how many numbers, and where (row, column) is,
/// column <= row.
STARLING_HD constexpr int triangle(int size) {
  return size * (size + 1) / 2;
}
STARLING_HD constexpr int packed(int row, int column) {
  return triangle(row) + column;
}

/// What a quick estimate may use of a catalog: its points, one vector per object.
struct VectorPoints {
  double n;                               ///< how many
  std::vector<double> mean;               ///< of the points
  std::vector<double> covariance;         ///< of the points, packed
  std::vector<double> noise;              ///< mean covariance of their noise, packed; 0 for the naive fit
  std::vector<double> smallest, largest;  ///< of the points, by component
};

template <class P>
concept VectorPopulation = requires(const P& p, std::span<const double> theta,
                                    const Coefficients<double, P::prepared_size>& prepared, const double* mu,
                                    const double* covariates, int count, HostStream& stream,
                                    const VectorPoints& points, std::span<const double> known,
                                    std::span<double> out) {
  { P::name } -> std::convertible_to<std::string_view>;
  { P::meaning } -> std::convertible_to<std::string_view>;
  { p.parameters() } -> std::same_as<std::vector<Parameter>>;
  /// Names of the latents' components; at most P::most_latents.
  { p.latents() } -> std::same_as<std::vector<std::string>>;
  { P::most_latents } -> std::convertible_to<int>;
  { p.prepare(theta) } -> std::same_as<std::array<double, P::prepared_size>>;
  /// ln p(mu | theta) of an object with these covariates, normalised; -infinity outside of the support.
  /// `count`: how many components mu has. A template over the real type, static.
  { P::log_density(prepared, count, mu, covariates) } -> std::same_as<double>;
  /// A draw of mu into `out`.
  p.draw(theta, known, stream, out);
  /// A quick estimate of theta and its uncertainty, inside the parameters' ranges.
  { p.estimate(points) } -> std::same_as<Start>;
};

/// Optional: what is known exactly of every object and the population depends on: a redshift.
template <class P>
concept HasCovariates = requires {
  { P::covariates() } -> std::same_as<std::vector<Column>>;
};

/// Optional: mu_j = location_j + scale_j eta_j, the density of eta free of the locations and scales; gives
/// interweaving. {0, 1} for components that have none.
template <class P>
concept HasLocationScales = requires(const P& p, std::span<const double> theta) {
  { p.location_scales(theta) } -> std::same_as<std::vector<std::pair<double, double>>>;
  /// Which of the parameters they are.
  { p.location_scale_parameters() } -> std::same_as<std::vector<std::size_t>>;
};

/// The values of one object's columns, and of its rows of numbers, in the order of M::columns() and
/// M::arrays().
struct VectorRow {
  std::vector<double> values;
  std::vector<std::span<const double>> arrays = {};
};

/// A column that holds several numbers for each object: a spectrum.
struct ArrayColumn {
  std::string role, meaning;
};

template <class M>
concept VectorMeasurement = requires(const M& m, std::span<const double> theta, const VectorRow& row,
                                     std::span<const Frame> frames, std::span<double> out,
                                     const Coefficients<double, kMeasurementCoefficients>& prepared,
                                     const double* numbers, std::uint64_t size, const double* mu, int count) {
  { M::name } -> std::convertible_to<std::string_view>;
  { M::meaning } -> std::convertible_to<std::string_view>;
  { m.parameters() } -> std::same_as<std::vector<Parameter>>;
  /// `count`: how many components a latent has.
  { M::columns(count) } -> std::same_as<std::vector<Column>>;
  /// What the formulas read of one object, in the frames' units (one per component).
  { m.numbers(row, frames) } -> std::same_as<std::vector<double>>;
  /// A value of mu where the likelihood is high, and how wide it is there, roughly, in the catalog's units.
  m.start(row, out);
  m.spread(row, out);
  /// What the formulas need of the measurement's own hyperparameters.
  { m.prepare(theta) } -> std::same_as<std::array<double, kMeasurementCoefficients>>;
  /// ln p(x | mu) less what depends on neither mu nor theta; a template over the real types of mu and of the
  /// numbers, static.
  { M::log_likelihood(prepared, numbers, size, count, mu) } -> std::same_as<double>;
};

/// Optional: rows of numbers beside the columns.
template <class M>
concept HasArrays = requires {
  { M::arrays() } -> std::same_as<std::vector<ArrayColumn>>;
};

/// Optional: new measured values, in the order of the columns, of an object whose other columns are in `row`.
template <class M>
concept HasVectorDraw = requires(const M& m, std::span<const double> theta, const VectorRow& row,
                                 std::span<const double> mu, HostStream& stream) {
  { m.draw(theta, row, mu, stream) } -> std::same_as<std::vector<double>>;
};

// ---- the optional parts, with what stands in for them

template <class P>
std::vector<Column> covariates_of() {
  if constexpr (HasCovariates<P>)
    return P::covariates();
  else
    return {};
}
template <class M>
std::vector<ArrayColumn> arrays_of() {
  if constexpr (HasArrays<M>)
    return M::arrays();
  else
    return {};
}

// ---- packed matrices

/// Turns a symmetric matrix into the lower triangular L of which it is L L^T, the diagonal of L inverted.
template <class R>
STARLING_HD void cholesky(R* a, int size) {
  for (int j = 0; j < size; ++j)
    for (int k = 0; k <= j; ++k) {
      R sum = a[packed(j, k)];
      for (int m = 0; m < k; ++m) sum = sum - a[packed(j, m)] * a[packed(k, m)];
      a[packed(j, k)] = k < j ? sum * a[packed(k, k)] : R(1.0f) / math::sqrt(sum);
    }
}
/// ln of the product of the diagonal of L, which is inverted.
template <class R>
STARLING_HD R log_diagonal(const R* l, int size) {
  R sum(0.0f), product(1.0f);
  for (int j = 0; j < size; ++j) {
    product = product * l[packed(j, j)];
    if (j % 4 == 3 || j == size - 1) {  // a product of more could leave a float's range
      sum = sum - math::log(product);
      product = R(1.0f);
    }
  }
  return sum;
}
/// v <- L^-1 v, and v <- L^-T v; the diagonal of L is inverted.
template <class R>
STARLING_HD void solve_lower(const R* l, int size, R* v) {
  for (int j = 0; j < size; ++j) {
    for (int k = 0; k < j; ++k) v[j] = v[j] - l[packed(j, k)] * v[k];
    v[j] = v[j] * l[packed(j, j)];
  }
}
template <class R>
STARLING_HD void solve_upper(const R* l, int size, R* v) {
  for (int j = size - 1; j >= 0; --j) {
    for (int k = j + 1; k < size; ++k) v[j] = v[j] - l[packed(k, j)] * v[k];
    v[j] = v[j] * l[packed(j, j)];
  }
}

/// One of the normal distributions that a population is a sum of.
struct NormalComponent {
  double weight;
  std::vector<double> mean, covariance;  ///< the second packed
};

/// A population that is a sum of K normal distributions of vectors: integrals over normal noise have a
/// closed form, and latents are drawn exactly. Derived structs say what they are: `components(theta)`.
template <int K, int kMost>
struct NormalComponents {
  static constexpr int most_latents = kMost;
  static constexpr int components_count = K;

  // ---- density: coefficients of each component {ln weight - ln(2 pi)^(d/2) - ln det L; mean; L, diagonal
  // inverted}
  static constexpr int component_size = 1 + kMost + triangle(kMost);
  static constexpr int prepared_size = K * component_size;
  static std::array<double, prepared_size> prepare_density(const std::vector<NormalComponent>& components) {
    std::array<double, prepared_size> c{};
    for (int k = 0; k < K; ++k) {
      double* out = c.data() + k * component_size;
      const auto& one = components[static_cast<std::size_t>(k)];
      const int d = static_cast<int>(one.mean.size());
      auto l = one.covariance;
      cholesky(l.data(), d);
      out[0] = log_weight(one) - log_diagonal(l.data(), d);
      std::copy(one.mean.begin(), one.mean.end(), out + 1);
      std::copy(l.begin(), l.end(), out + 1 + kMost);
    }
    return c;
  }
  template <class R>
  static STARLING_HD R log_density(const Coefficients<R, prepared_size>& c, int d, const R* mu, const R*) {
    return log_sum<R>([&](int k) {
      const R* one = c.v + k * component_size;
      R v[kMost];
      for (int j = 0; j < d; ++j) v[j] = mu[j] - one[1 + j];
      solve_lower(one + 1 + kMost, d, v);
      R square(0.0f);
      for (int j = 0; j < d; ++j) square = math::fma(v[j], v[j], square);
      return math::fma(R(-0.5f), square, one[0]);
    });
  }

  /// ln of the sum of exp(term(k)) over the components.
  template <class R, class Term>
  static STARLING_HD R log_sum(const Term& term) {
    if constexpr (K == 1) {
      return term(0);
    } else {
      R l[K], largest(-__builtin_huge_valf()), sum(0.0f);
      for (int k = 0; k < K; ++k) {
        l[k] = term(k);
        largest = math::larger(largest, l[k]);
      }
      for (int k = 0; k < K; ++k) sum = sum + math::exp(l[k] - largest);
      return largest + math::log(sum);
    }
  }

  /// ln weight - ln(2 pi)^(d/2)
  static double log_weight(const NormalComponent& one) {
    return std::log(one.weight) - 0.91893853320467274178 * static_cast<double>(one.mean.size());
  }

  static void draw_from(const std::vector<NormalComponent>& components, HostStream& stream,
                        std::span<double> mu) {
    double u = stream.uniform();
    std::size_t k = 0;
    while (k + 1 < components.size() && u >= components[k].weight) u -= components[k++].weight;
    const int d = static_cast<int>(mu.size());
    auto l = components[k].covariance;
    cholesky(l.data(), d);
    std::vector<double> z(mu.size());
    for (double& value : z) value = stream.normal();
    for (int j = 0; j < d; ++j) {
      double sum = z[static_cast<std::size_t>(j)] / l[static_cast<std::size_t>(packed(j, j))];
      for (int m = 0; m < j; ++m)
        sum += l[static_cast<std::size_t>(packed(j, m))] * z[static_cast<std::size_t>(m)];
      mu[static_cast<std::size_t>(j)] = components[k].mean[static_cast<std::size_t>(j)] + sum;
    }
  }
};

template <class P>
concept HasNormalComponents = requires(const P& p, std::span<const double> theta) {
  { p.components(theta) } -> std::same_as<std::vector<NormalComponent>>;
  { P::components_count } -> std::convertible_to<int>;
};

/// Optional: normal noise of known covariance, of which integrals have a closed form behind such populations.
template <class M>
concept HasNoiseCovariance = requires(const M& m, const VectorRow& row, std::span<const Frame> frames) {
  /// x, then the covariance of its noise, packed; in the frames' units.
  { m.point_and_covariance(row, frames) } -> std::same_as<std::vector<double>>;
};

}  // namespace starling
