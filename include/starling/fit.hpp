/// The three fits, and what can be asked of their results.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "starling/catalog.hpp"
#include "starling/chain.hpp"
#include "starling/model.hpp"

namespace starling {

enum class Method { naive, marginal, joint };
Method parse_method(const std::string& text);
std::string to_string(Method method);

/// Shares of the kinds of move on theta; they need not sum to one. All zero: the fit's default.
struct MoveMix {
  double stretch = 0;  ///< Goodman & Weare 2010
  double de = 0;       ///< differential evolution, ter Braak 2006
  double snooker = 0;  ///< ter Braak & Vrugt 2008
  double normal = 0;   ///< a draw from the normal distribution that the other walkers suggest
  friend bool operator==(const MoveMix&, const MoveMix&) = default;
};
/// Reads "de=0.7,stretch=0.2,snooker=0.1", "normal=0.5,de=0.5" or "stretch". Throws InputError.
MoveMix parse_moves(const std::string& text);
std::string to_string(const MoveMix& moves);

/// When a fit may end; 0: no matter. Both are of the worst parameter that is sampled, over all draws so far.
struct Until {
  double ess = 0;    ///< effective sample size, the lesser of bulk and tail, of this or more
  double r_hat = 0;  ///< R-hat of this or less, one chain per walker
  [[nodiscard]] bool any() const { return ess > 0 || r_hat > 0; }
};
/// Reads "ess=1000", "rhat=1.01" or both with a comma between. Throws InputError.
Until parse_until(const std::string& text);
std::string to_string(const Until& until);

struct Progress {
  std::size_t sweep, sweeps;  ///< done, of all (burn-in included)
  double acceptance;          ///< of theta moves so far
  double seconds;             ///< since the first sweep
};

struct FitOptions {
  std::size_t ensembles = 4;   ///< independent ensembles, >= 1
  std::size_t walkers = 0;     ///< per ensemble; even, >= 2 d and >= 8; 0: 4 d, at least 16. d: of the
                               ///< hyperparameters those that are not fixed
  std::size_t burn_in = 1000;  ///< sweeps dropped
  std::size_t steps = 1000;    ///< sweeps after them; with `until` the fewest
  Until until = {};  ///< runs on, in blocks of `steps` or a quarter of the run, until this is reached ...
  std::size_t max_steps = 100'000;  ///< ... or so many sweeps are made. The draws are those of a run of as
                                    ///< many steps, bit for bit
  std::size_t thin = 1;             ///< keep every thin-th
  /// Keep ln L_i of every object for every so-many-th draw that is kept, for leave-one-out cross-validation;
  /// latents integrated out, weights left out, selection in it (ln L_i - ln P_det). 0: for none.
  std::size_t log_likelihood_every = 0;
  std::uint64_t seed = 1;
  /// Default: on the naive or marginal likelihood normal 0.6, de 0.32, snooker 0.08; given latents de 0.7,
  /// stretch 0.2, snooker 0.1.
  MoveMix moves = {};
  /// 0: on the naive or marginal likelihood 5 (quadrature, samples: 1); given latents 10 in the centred and
  /// 10 in the non-centred step. Where `moves` are the default ones, 2 if the normal moves are accepted, 1 or
  /// none beside draws of a normal population's theta, if those are.
  std::size_t moves_per_step = 0;
  double stretch_scale = 2;        ///< a of the stretch move, > 1
  bool interweaving = true;        ///< joint: false has theta move at fixed latents alone
  std::string latents = "auto";    ///< joint: "auto" (exact where possible), "exact", "metropolis", "samples"
  std::size_t latent_updates = 3;  ///< Metropolis updates of each latent per sweep
  std::string integral = "auto";   ///< marginal: "auto", "exact", "quadrature", "samples"
  /// Marginal fits of posterior samples: "none", "first-order" (+ V / 2), "jackknife", or "gaussian" (normal
  /// population, near-normal samples under a flat interim prior: means and variances in their place).
  std::string bias_correction = "none";
  double quadrature_tolerance = 1e-6;  ///< error of one object's ln L by nodes, in the place of samples, too
  std::string device =
      "auto";       ///< "auto", "cpu", "cuda", "cuda:K", "reference" (serial, double: the oracle, slow)
  int threads = 0;  ///< CPU threads; 0: all cores
  /// Where walkers start: per parameter in the order of model.parameters(); N(center, spread), redrawn until
  /// inside the prior. Empty: over-dispersed around a quick estimate. A center outside the prior is an
  /// InputError.
  std::vector<double> start_center, start_spread;

  /// The most sweeps after burn-in.
  [[nodiscard]] std::size_t most_steps() const { return until.any() ? max_steps : steps; }

  std::function<void(const Progress&)> progress;  ///< called now and then from the controlling thread
  std::function<void(const std::string&)> note;   ///< one sentence at a time: fallbacks, choices made
  const std::atomic<bool>* stop =
      nullptr;  ///< set it to end after the current sweep; the result is then not complete
  /// Seconds between checkpoints, at least (and twenty times what the last one took); 0: none but when it is
  /// stopped.
  double checkpoint_every = 300;
};

/// Runs a fit and hands its blocks to `sink`. Throws InputError or RunError; the sink then never sees
/// finish().
void fit(const Model& model, const Catalog& catalog, Method method, const FitOptions& options,
         ChainSink& sink);
/// The same from a state that a sink was given (empty: from the start): begin(), and then what the run would
/// have handed out from there on, bit for bit, on any device of the same arithmetic. `steps` may be more.
void fit(const Model& model, const Catalog& catalog, Method method, const FitOptions& options,
         ChainSink& sink, const LoadBytes& state);

Chain fit_naive(const Model& model, const Catalog& catalog, const FitOptions& options = {});
Chain fit_marginal(const Model& model, const Catalog& catalog, const FitOptions& options = {});
Chain fit_joint(const Model& model, const Catalog& catalog, const FitOptions& options = {});

struct LogProbability {
  double log_likelihood, log_prior, log_prob;
  double variance;  ///< V of a samples likelihood; 0 where the integral is exact
  /// Where log_likelihood is -infinity: the objects that are impossible at this theta.
  std::vector<std::size_t> impossible;
};
/// The naive or marginal (joint: the same as marginal) log-probability at one theta, computed by the backend
/// that options.device names.
LogProbability log_probability(const Model& model, const Catalog& catalog, Method method,
                               const std::vector<double>& theta, const FitOptions& options = {});

/// The model of a chain, with this selection in place of the one of the run, which may be read from a file,
/// but with the run's rate.
Model model_of(const ChainHeader& header, Selection selection = {});

/// The draws of one object's latents, [chain][draw][component], recomputed bit for bit from a joint chain, or
/// drawn given theta from a marginal one. `catalog` is the one that was fitted (chain.observed, if it was
/// kept). `places`: the draws that are wanted, each as chain * draws + draw; none: all.
std::vector<double> replay_latent(const Chain& chain, const Catalog& catalog, std::size_t object,
                                  std::span<const std::size_t> places = {});

/// `count` draws of the latents of every object of `fitted`, evenly over all walkers and times, as a catalog
/// of posterior samples; x is their mean (of the first component). What they were drawn under, the population
/// of the chain, is not divided out. Throws InputError as replay_latent does.
Catalog posterior_samples(const Chain& chain, const Catalog& fitted, std::size_t count);

struct MemoryPlan {
  std::uint64_t host_bytes, device_bytes;
  std::string text;  ///< a few lines for `starling fit --dry-run`
};
MemoryPlan plan_memory(const Model& model, const Catalog& catalog, Method method, const FitOptions& options);
MemoryPlan plan_memory(const Model& model, std::size_t objects, std::size_t samples, Method method,
                       const FitOptions& options);

/// Devices that this build and machine offer, with the reason where there is none.
struct DeviceInfo {
  std::string name;  ///< as for --device
  std::string description;
};
std::vector<DeviceInfo> devices();
/// Why `cuda` cannot be used here; "" if it can.
std::string why_no_cuda();

/// A catalog to be drawn from a model at theta = truth (the population's parameters, then the measurement's).
struct SimulationRequest {
  std::string population, measurement = "normal";
  std::vector<double> truth;
  /// What the measurement reads beside x, by role: one number, or one per object.
  std::map<std::string, std::vector<double>> columns;
  std::size_t objects = 1000;
  /// > 0 adds posterior samples mu_ik ~ N(x_i, sigma_i) (flat interim prior); x stays the measured value
  /// (point estimates of such a catalog are sample_medians(catalog)).
  std::size_t samples_per_object = 0;
  std::uint64_t seed = 1;
};
struct Simulation {
  Catalog catalog;
  std::vector<double> mu;  ///< the true values; of several latents [object][component]
};
/// Throws InputError.
Simulation simulate(const SimulationRequest& request);
/// The same for normal noise; `sigma`: one number or one per object.
Simulation simulate(std::string_view population, const std::vector<double>& truth, std::size_t objects,
                    const std::vector<double>& sigma, std::size_t samples_per_object, std::uint64_t seed);

std::string version();

}  // namespace starling
