/// What is compiled for a pair (population, measurement), behind interfaces that know no types: the sampler
/// drives these.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backends/kernels.hpp"
#include "starling/catalog.hpp"
#include "starling/chain.hpp"
#include "starling/fit.hpp"
#include "starling/model.hpp"
#include "starling/population.hpp"
#include "starling/vectors.hpp"

namespace starling {

/// ln L of the naive or the marginal fit, of many theta at once. theta is [n][d], in the catalog's units.
class Likelihood {
 public:
  virtual ~Likelihood() = default;
  /// On the CPU it may be called from several threads at once.
  virtual void evaluate(std::span<const double> theta, std::span<double> log_likelihood) = 0;
  /// Objects, samples or nodes that are summed for one theta.
  [[nodiscard]] virtual std::uint64_t terms() const = 0;
  /// Moves the reference theta that differences are taken from, and makes integrals right there and at
  /// `others` ([n][d], may be empty). Values change by rounding, and by the error of integrals, only.
  virtual void rebase(std::span<const double> reference, std::span<const double> others) = 0;
  /// ln L_i of every object at one theta, in double, weights left out.
  virtual void pointwise(std::span<const double> theta, std::span<double> out) = 0;
  /// V(theta) of a samples likelihood, 0 for the others.
  virtual void variance(std::span<const double> theta, std::span<double> v) = 0;
  /// The objects whose Monte Carlo error is largest at theta, and V there (samples only).
  virtual MonteCarloError monte_carlo(std::span<const double> theta) = 0;
  /// Whether nodes stand for integrals or for posterior samples, which are right near rebase's thetas alone.
  [[nodiscard]] virtual bool by_nodes() const = 0;
  /// Whether nodes are close enough to each other for theta, as far as some of the objects tell.
  [[nodiscard]] virtual bool resolves(std::span<const double> /*theta*/) const { return true; }
  /// The largest error of an object's ln L by nodes, as it was estimated or is found at some of these draws
  /// ([n][d]); 0 for the others.
  [[nodiscard]] virtual double integration_error(std::span<const double> draws) const = 0;
  /// Whether theta, two numbers, can be drawn from a density close to the likelihood.
  [[nodiscard]] virtual bool draws_theta() const { return false; }
  /// Puts such a draw in the place of theta; false if there is none. May be called from several threads.
  virtual bool draw(HostStream&, std::span<double> /*theta*/) const { return false; }
  /// Adds to `out` the logarithm of likelihood over that density, up to a constant.
  virtual void add_log_ratio_to_draws(std::span<const double> /*theta*/, std::span<double> /*out*/) const {}
};

class SelectionFactor;  // models/selection.hpp

/// The latents of a joint fit and the conditionals of theta that they give. Chains are numbered over all
/// ensembles; `chains` says whose the proposals are, theta is [proposal][d].
class JointTarget {
 public:
  virtual ~JointTarget() = default;
  /// First latents, given the chains' theta, [chain][d].
  virtual void start(std::span<const double> theta) = 0;
  /// Updates all latents given theta. `sweep` counts from 0. collect: which use is made of the draw before /
  /// of the acceptance counts.
  virtual void sweep(std::uint32_t sweep, std::span<const double> theta, LatentStep::Collect collect) = 0;
  struct Draw {
    std::uint32_t sweep;
    std::span<const double> theta;  ///< of all chains
  };
  /// Draws all latents given theta, whatever they were before, for their moments alone, sweep by sweep: all
  /// that is asked of a collapsed target, beside its end and its state.
  virtual void draw(std::span<const Draw> draws) = 0;
  virtual void adapt(std::uint32_t sweep) = 0;
  /// Whether centred / noncentred read sums alone, and may be called from several threads; else they go
  /// through all objects, for all chains together.
  [[nodiscard]] virtual bool centred_is_cheap() const = 0;
  [[nodiscard]] virtual bool noncentred_is_cheap() const = 0;
  /// Moves of theta per sweep that are worth their time where they go through all objects, at fixed latents
  /// and at fixed eta.
  [[nodiscard]] virtual std::size_t dear_moves() const { return 1; }
  [[nodiscard]] virtual std::size_t dear_moves_at_fixed_eta() const { return 1; }
  /// ln p(latents, x | theta) up to a constant, at fixed latents.
  virtual void centred(std::span<const std::size_t> chains, std::span<const double> theta,
                       std::span<double> out) = 0;
  /// ln p(x | eta, theta) up to a constant, at fixed eta = F(latents | before). before: [all chains][d].
  virtual void noncentred(std::span<const std::size_t> chains, std::span<const double> before,
                          std::span<const double> theta, std::span<double> out) = 0;
  /// Whether theta can be drawn from its distribution under a flat prior, at fixed latents and at fixed eta:
  /// the two functions below; they may be called from several threads, for different chains.
  [[nodiscard]] virtual bool draws_theta() const { return false; }
  /// Puts such a draw in the place of theta, which is the chain's. False if there is none.
  virtual bool draw_centred(std::size_t, HostStream&, std::span<double>) const { return false; }
  virtual bool draw_noncentred(std::size_t, std::span<const double> /*before*/, HostStream&,
                               std::span<double>) const {
    return false;
  }
  /// Lets the latents follow theta at fixed eta, when next they are touched. Gives ln p(latents, x | theta)
  /// up to a constant after they did, from what centred and noncentred gave before: ln p(latents | before)
  /// and the Jacobian are in it.
  virtual double transform(std::size_t chain, std::span<const double> before, std::span<const double> theta,
                           double centred_before, double noncentred_before, double noncentred_after) = 0;
  /// Collects the draw of the last sweep, where that is left to do, and gives the moments over `draws` draws
  /// of all chains.
  virtual LatentMoments finish(LatentStep::Collect collect, double draws) = 0;
  /// Accepted share of the latent updates of the last sweep.
  [[nodiscard]] virtual double acceptance() const = 0;
  /// That of each object's updates, [object], over the adapted sweeps between these two; none for exact
  /// draws.
  virtual void begin_acceptance_of_objects() = 0;
  [[nodiscard]] virtual std::vector<double> acceptance_of_objects() = 0;
  /// Saves or restores, between sweeps, the latents and what transform left to do.
  virtual void state(State& state) = 0;
};

/// How one latent moved: what a replay needs beside the chain.
struct ReplaySetup {
  std::string latent_update;  ///< "exact", "metropolis" or "samples"
  std::uint32_t updates;
  std::uint64_t seed;
  std::size_t chains, sweeps, burn_in;
  bool double_precision;                  ///< the reference backend's arithmetic
  std::span<const double> start;          ///< [chain][d]
  std::span<const double> theta;          ///< [sweep][chain][d] at the end of each sweep
  std::span<const double> theta_centred;  ///< the same before the non-centred step
  bool theta_first;                       ///< the sweep moves theta before the latents (collapsed scheme)
};

/// One object's latents at the end of every sweep, [sweep][chain][component], in the catalog's units; may be
/// called from several threads.
using LatentReplays = std::function<std::vector<double>(std::size_t object)>;
/// Draws one object's latents, [component]; may be called from several threads.
using LatentDraw = std::function<std::vector<double>(std::span<const double> theta, HostStream& stream)>;
/// Prepares the draws of one object.
using LatentsGivenTheta = std::function<LatentDraw(std::size_t object)>;

class ModelDefinition {
 public:
  virtual ~ModelDefinition() = default;
  /// Names with their arguments, as on the command line.
  [[nodiscard]] virtual const std::string& population() const = 0;
  [[nodiscard]] virtual const std::string& measurement() const = 0;
  [[nodiscard]] virtual const std::vector<Parameter>& parameters() const = 0;
  /// How many of the parameters are the population's; the measurement's follow, then the rate if there is
  /// one.
  [[nodiscard]] virtual std::size_t population_dimension() const = 0;

  /// Names of an object's latents; of one: mu.
  [[nodiscard]] virtual std::vector<std::string> latents() const { return {"mu"}; }
  /// What the pair reads of a catalog, posterior samples apart.
  [[nodiscard]] virtual std::vector<Column> columns() const = 0;
  [[nodiscard]] virtual std::vector<ArrayColumn> arrays() const { return {}; }

  /// What selection adds to ln L; null if nothing.
  [[nodiscard]] virtual std::unique_ptr<SelectionFactor> selection(const Catalog& catalog,
                                                                   const Selection& selection,
                                                                   const FitOptions& options,
                                                                   const Backend& backend) const = 0;

  /// What a population says of theta as a whole: 0, -infinity, or the logarithm of a joint prior.
  [[nodiscard]] virtual double log_constraint(std::span<const double> theta) const = 0;

  /// Throws InputError if the catalog lacks what the method needs, or the method cannot be had for this pair.
  virtual void check(const Catalog& catalog, Method method) const = 0;
  /// Ways to integrate the marginal likelihood of this pair, the best first: "exact", "quadrature",
  /// "samples".
  [[nodiscard]] virtual std::vector<std::string> integrals() const = 0;
  /// The one of them that a fit takes.
  [[nodiscard]] std::string integral_of(const FitOptions& options) const {
    return options.integral == "auto" ? integrals().front() : options.integral;
  }
  /// Ways to update the latents of this pair, the best first: "exact", "metropolis", "samples".
  [[nodiscard]] virtual std::vector<std::string> latent_updates() const = 0;
  /// Whether theta should be moved on the marginal likelihood, and the latents drawn after it, even in the
  /// joint fit: where that likelihood has a closed form and latents are drawn exactly, and where a latent is
  /// one of a few samples.
  [[nodiscard]] virtual bool prefers_collapsed() const = 0;
  [[nodiscard]] virtual bool can_interweave() const = 0;
  /// Whether a parameter moves at fixed eta: locations and scales, and the measurement's own; shapes are
  /// eta's.
  [[nodiscard]] virtual bool moves_at_fixed_eta(std::size_t parameter) const {
    return parameter < 2 || parameter >= population_dimension();
  }

  /// A quick estimate of theta to start from; the measurement's own parameters are given.
  [[nodiscard]] virtual Start estimate(const Catalog& catalog, Method method,
                                       std::span<const double> measurement_theta) const = 0;
  /// options: integral, quadrature_tolerance.
  [[nodiscard]] virtual std::unique_ptr<Likelihood> likelihood(const Catalog& catalog, Method method,
                                                               std::span<const double> reference,
                                                               const FitOptions& options,
                                                               const Backend& backend) const = 0;
  /// collapsed: theta does not move given the latents, which are not kept.
  [[nodiscard]] virtual std::unique_ptr<JointTarget> joint(const Catalog& catalog, const FitOptions& options,
                                                           bool collapsed, const Backend& backend) const = 0;
  /// What replays objects' latents. It uses this definition, the catalog and what the setup refers to as long
  /// as it lives.
  [[nodiscard]] virtual LatentReplays replay(const Catalog& catalog, const ReplaySetup& setup) const = 0;
  /// What draws objects' latents given theta and their data (marginal fits). It uses this definition and the
  /// catalog as long as it lives.
  [[nodiscard]] virtual LatentsGivenTheta latents_given_theta(const Catalog& catalog) const = 0;
  /// Whether the likelihood of the naive or marginal fit takes a few sums over the catalog, made once, in
  /// place of a kernel. options: integral.
  [[nodiscard]] virtual bool sums_say_all(const Catalog&, Method, const FitOptions&) const { return false; }
  /// Numbers of a catalog beside its columns, as kernels see it.
  [[nodiscard]] virtual std::size_t numbers_beside_columns(const Catalog& catalog) const {
    return catalog.more_numbers();
  }
  /// Why a fit may be wrong at theta for the way it takes the data, in sentences for the user.
  [[nodiscard]] virtual std::vector<std::string> caveats(const Catalog& catalog, Method method,
                                                         std::span<const double> theta,
                                                         int threads) const = 0;
};

/// The Poisson rate of the population, the last of the parameters where it is one.
Parameter rate_parameter();

/// What is compiled for a pair, by names. Throws InputError for unknown names and impossible pairs.
/// `rate`: theta ends with the Poisson rate of the population.
std::shared_ptr<const ModelDefinition> find_definition(std::string_view population,
                                                       std::string_view measurement, bool rate = false);

}  // namespace starling
