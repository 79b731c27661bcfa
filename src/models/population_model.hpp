/// A population behind an interface that knows no type: what the library does with it on the host, and the
/// kernels that were compiled for it. src/models/compiled.hpp makes one of a struct that satisfies
/// Population.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backends/kernels.hpp"
#include "starling/population.hpp"

namespace starling {

/// The likelihood kernels of a population; formulas/terms.hpp says what each sums. `exact` and
/// `samples_gaussian` are the normal's alone.
enum class Term {
  point,
  exact,
  noisy_density,
  samples,
  samples_error,
  samples_gaussian,
  quadrature,
  injections
};
/// How latents are updated; formulas/latents.hpp.
enum class LatentUpdate { exact, metropolis, samples };

/// One object's latents in all chains, updated by the kernels' own formulas (replays).
class LatentReplay {
 public:
  virtual ~LatentReplay() = default;
  /// One sweep, as LatentKernel::sweep would do it. columns: [chain][coefficient] in double.
  /// Returns the number of accepted proposals over all chains.
  virtual double sweep(const LatentStep& step, std::span<const double> columns) = 0;
  virtual void adapt(double gain, double trials, double accepted) = 0;
  /// The latents with the transform mu <- a mu + b applied, kept so.
  virtual void transform(std::size_t chain, double a, double b) = 0;
  [[nodiscard]] virtual double value(std::size_t chain) const = 0;
};

class PopulationModel {
 public:
  virtual ~PopulationModel() = default;
  [[nodiscard]] virtual std::vector<Parameter> parameters() const = 0;
  [[nodiscard]] virtual Start estimate(const Points& points) const = 0;
  /// 0, -infinity or a density: what the parameters' own priors do not say.
  [[nodiscard]] virtual double log_constraint(std::span<const double> theta) const = 0;
  [[nodiscard]] virtual double draw(std::span<const double> theta, HostStream& stream) const = 0;

  // ---- units
  [[nodiscard]] virtual bool frame_shifts() const = 0;
  [[nodiscard]] virtual bool frame_scales() const = 0;
  [[nodiscard]] virtual std::shared_ptr<const PopulationModel> in_frame(Frame frame) const = 0;
  virtual void to_frame(std::span<const double> theta, Frame frame, double* out) const = 0;
  [[nodiscard]] std::vector<double> framed(std::span<const double> theta, Frame frame) const {
    std::vector<double> out(theta.size());
    to_frame(theta, frame, out.data());
    return out;
  }

  // ---- density, in double; theta in this population's own units
  [[nodiscard]] virtual int prepared_size() const = 0;
  virtual void prepare(std::span<const double> theta, double* out) const = 0;
  [[nodiscard]] std::vector<double> prepared(std::span<const double> theta) const {
    std::vector<double> out(static_cast<std::size_t>(prepared_size()));
    prepare(theta, out.data());
    return out;
  }
  virtual void log_density(std::span<const double> prepared, std::span<const double> mu,
                           std::span<double> out) const = 0;
  /// ln p(x | theta) for x = mu + normal noise of these variances, where there is a closed form.
  [[nodiscard]] virtual bool has_noisy_density() const = 0;
  virtual void log_density_with_noise(std::span<const double> prepared, std::span<const double> x,
                                      std::span<const double> variance, std::span<double> out) const = 0;
  /// Where the density is not 0: an interval, its ends possibly infinite.
  [[nodiscard]] virtual std::pair<double, double> support(std::span<const double> theta) const = 0;
  [[nodiscard]] virtual bool support_moves() const = 0;
  /// A possible theta, for what depends on none.
  [[nodiscard]] std::vector<double> some_theta() const {
    std::vector<double> theta;
    for (const auto& p : parameters())
      theta.push_back(std::isfinite(p.lower) && std::isfinite(p.upper) ? (p.lower + p.upper) / 2 : 1);
    return theta;
  }
  /// Where inside of it the density jumps or has a kink, for populations that have such a point.
  [[nodiscard]] virtual bool has_break() const = 0;
  [[nodiscard]] virtual double break_in_support(std::span<const double> theta) const = 0;
  /// mu is log10 of what the population is about.
  [[nodiscard]] virtual bool is_log10() const = 0;

  // ---- differences to a reference theta
  [[nodiscard]] virtual bool has_ratio() const = 0;
  [[nodiscard]] virtual int difference_size() const = 0;
  virtual void difference(std::span<const double> theta, std::span<const double> reference,
                          double* out) const = 0;

  // ---- theta given latents
  [[nodiscard]] virtual bool has_statistics() const = 0;
  [[nodiscard]] virtual std::size_t population_sums() const = 0;
  /// The sums that log_density_sum takes, relative to `current` (as prepared): population_sums() of them are
  /// added to `sums`, each value as often as `weight` says (empty: once).
  virtual void add_statistics(std::span<const double> current, std::span<const double> mu,
                              std::span<const double> weight, std::span<double> sums) const = 0;
  [[nodiscard]] virtual double log_density_sum(std::span<const double> theta, std::span<const double> current,
                                               std::span<const double> sums, double n) const = 0;
  /// Location and scale, the first two parameters; empty for other families.
  [[nodiscard]] virtual std::optional<std::pair<double, double>> location_scale(
      std::span<const double> theta) const = 0;
  [[nodiscard]] virtual bool is_location_scale() const = 0;
  /// The normal population, which has closed forms with normal noise.
  [[nodiscard]] virtual bool is_normal() const = 0;

  // ---- kernels
  [[nodiscard]] virtual std::unique_ptr<LikelihoodKernel> kernel(
      Term term, const Backend& backend, const ObjectTable<double>& objects) const = 0;
  [[nodiscard]] virtual std::unique_ptr<LatentKernel> latents(LatentUpdate update, const Backend& backend,
                                                              const ObjectTable<double>& objects,
                                                              const LatentSetup& setup) const = 0;
  /// `objects`: the one object, four times; `first`: number of its quad's first object in the catalog.
  [[nodiscard]] virtual std::unique_ptr<LatentReplay> replay(LatentUpdate update, bool double_precision,
                                                             const ObjectTable<double>& objects,
                                                             std::uint64_t object,
                                                             const LatentSetup& setup) const = 0;
};

/// A population that can be named: how it is called and made.
struct PopulationEntry {
  std::string name, meaning;
  std::vector<Argument> arguments;
  std::shared_ptr<const PopulationModel> (*make)(std::span<const double> arguments);
  /// Beside the built-in measurements its kernels know this one of a program's own; "": none.
  std::string own_measurement = {};
};

/// All that are there: those that are built in, then those that programs added.
const std::vector<PopulationEntry>& population_entries();
/// Adds one; for compiled.hpp. Throws InputError if the name is taken.
void add_population(const PopulationEntry& entry);

}  // namespace starling
