// The controller: runs the sweeps of the three fits, hands out blocks of the chain, and knows nothing of
// files or devices.
#include "starling/fit.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "backends/parallel.hpp"
#include "sampler/ensemble.hpp"
#include "sampler/findings.hpp"
#include "sampler/header.hpp"
#include "sampler/log_probability.hpp"
#include "sampler/monte_carlo.hpp"
#include "sampler/move_plan.hpp"
#include "sampler/options.hpp"
#include "sampler/recorder.hpp"
#include "sampler/reference.hpp"
#include "sampler/sandwich.hpp"
#include "sampler/start.hpp"
#include "sampler/target.hpp"
#include "sampler/until.hpp"
#include "starling/error.hpp"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;

/// One run: state shared by the kinds of sweeps.
class Run {
 public:
  Run(const Model& model, const Catalog& catalog, Method method, const FitOptions& options, ChainSink& sink)
      : model_(model),
        catalog_(catalog),
        options_(options),
        sink_(sink),
        backend_(choose_backend(options.device, options.threads,
                                plan_memory(model, catalog, method, options).device_bytes, options.note)),
        scheme_(scheme_of(options, model, method)),
        header_(make_header(model, method, options, scheme_, backend_)),
        selection_(model.definition().selection(catalog, model.selection(), options, backend_)),
        target_(model, selection_.get()),
        rule_(options, header_.parameters) {
    state_.ensembles = options.ensembles;
    state_.walkers = options.walkers;
    state_.dimension = model.parameters().size();
    for (std::size_t j = 0; j < state_.dimension; ++j)
      if (!model.priors()[j].is_fixed()) state_.free.push_back(j);
    state_.theta = start_walkers(model, catalog, method, options);
    state_.lp.resize(state_.chains());
    state_.clear_counts();
    const std::string integral = model.definition().integral_of(options);
    const bool cheap = (method == Method::naive || integral == "exact") && selection_is_cheap();
    sampled_ = method != Method::naive && integral == "samples";
    center_ = start_center(model, catalog, method, options);
    if (method != Method::joint || scheme_ == "collapsed")
      likelihood_ = model.definition().likelihood(
          catalog, method == Method::naive ? method : Method::marginal, center_, options, backend_);
    if (method == Method::joint)
      joint_ = model.definition().joint(catalog, options, scheme_ == "collapsed", backend_);
    for (const std::size_t j : state_.free)
      if (model.definition().moves_at_fixed_eta(j)) free_at_fixed_eta_.push_back(j);
    const bool can_draw = (likelihood_ ? likelihood_->draws_theta() : joint_->draws_theta()) &&
                          selection_is_cheap() && state_.free.size() == 2 && state_.dimension == 2;
    plan_.emplace(options, scheme_, can_draw, cheap, header_.burn_in);
  }

  /// Runs to the end, from a saved state if there is one.
  void go(const LoadBytes& from) {
    sink_.begin(header_, catalog_);
    recorder_.emplace(header_, options_, sink_, joint_ != nullptr);
    if (from) {
      restore(from);
    } else {
      if (likelihood_) begin_likelihood();
      if (joint_ && scheme_ != "collapsed") joint_->start(state_.theta);
    }
    saved_at_ = Clock::now();
    const std::size_t sweeps = header_.burn_in + header_.steps;
    bool stopped = false;
    while (!counts_.ended && !stopped && counts_.done < sweeps) {
      const std::size_t count = sweeps_alone(counts_.done);
      if (count > 1)
        sweeps_side_by_side(counts_.done, count);
      else
        sweep(counts_.done);
      stopped = options_.stop != nullptr && *options_.stop;
      if (!counts_.ended && !stopped && counts_.done < sweeps && checkpoint_is_due()) checkpoint();
    }
    recorder_->flush();
    recorder_->wait();
    const bool complete = counts_.ended || counts_.done == sweeps;
    if (!complete || sink_.keeps_last_checkpoint()) checkpoint();
    if (counts_.ended && counts_.done < sweeps) recorder_->report(counts_.done, counts_.done);
    sink_.finish(results(complete));
  }

 private:
  /// How far the run is, and what it counts.
  struct Counts {
    std::size_t done = 0, kept = 0, proposals = 0;  ///< sweeps, draws, proposals after burn-in
    double latent_acceptance = 0;
    bool ended = false;  ///< as it was to, before its last step
  };

  void begin_likelihood() {
    if (!joint_)  // latents are replayed from the first theta as it was drawn
      pull_inside(state_.theta, state_.lp, center_, [&] { marginal_target(state_.theta, state_.lp); });
    if (likelihood_->by_nodes())
      recenter();  // so that integrals are right for walkers far out
    else
      evaluate_all();
  }

  void sweep(std::size_t t) {
    begin_sweep(t);
    std::size_t moves = 0;
    std::span<const double> centred = state_.theta;
    if (likelihood_) {
      if (likelihood_->by_nodes() && t >= header_.burn_in)
        moves_within_reach(t);
      else
        marginal_moves(t, 0, state_.ensembles);
      moves += plan_->proposals(t);
    }
    if (joint_ && scheme_ == "collapsed") {
      draw_latents(t, {&state_, 1});
    } else if (joint_) {
      update_latents(t);
      moves += joint_sweep(t);
      centred = centred_;
    }
    end_sweep(t, state_, centred, moves);
  }

  /// Given theta alone, of sweeps from t on: draws that nobody keeps are not made.
  void draw_latents(std::size_t t, std::span<const Ensembles> states) {
    std::vector<JointTarget::Draw> draws;
    for (const Ensembles& state : states) {
      if (header_.keeps(t)) draws.push_back({static_cast<std::uint32_t>(t), state.theta});
      if (t++ >= header_.burn_in) counts_.latent_acceptance += joint_->acceptance();
    }
    joint_->draw(draws);
  }

  void update_latents(std::size_t t) {
    // the last 20 sweeps of burn-in tell how often each object's updates are accepted
    if (t + std::min<std::size_t>(20, header_.burn_in) == header_.burn_in)
      joint_->begin_acceptance_of_objects();
    joint_->sweep(static_cast<std::uint32_t>(t), state_.theta, collect(t));
    if (t < header_.burn_in) joint_->adapt(static_cast<std::uint32_t>(t));
    if (t + 1 == header_.burn_in) acceptance_of_objects_ = joint_->acceptance_of_objects();
    if (t >= header_.burn_in) counts_.latent_acceptance += joint_->acceptance();
  }

  void begin_sweep(std::size_t t) {
    std::fill(state_.accepted.begin(), state_.accepted.end(), 0u);
    if (t == header_.burn_in)
      for (auto* counts : {&state_.outside_count, &state_.kinds})
        std::fill(counts->begin(), counts->end(), 0u);
    if (!likelihood_ || t == 0) return;
    plan_->look(t, state_);
    if (recenters_at(t)) recenter();
  }

  /// state: after the sweep.
  void end_sweep(std::size_t t, const Ensembles& state, std::span<const double> centred, std::size_t moves) {
    recorder_->record(t, state, centred, moves, log_likelihoods(t));
    if (t >= header_.burn_in) counts_.proposals += moves * state.chains();
    counts_.done = t + 1;
    counts_.kept += header_.keeps(t) ? 1 : 0;
    if (options_.until.any() && counts_.done > header_.burn_in) {
      if (header_.keeps(t)) rule_.add(state);
      counts_.ended = rule_.reached(counts_.done - header_.burn_in, state);
    }
  }

  /// Sweeps [t, t + count) where theta moves on the naive or marginal likelihood: every thread makes all of
  /// them with its share of the ensembles, together, so that vectors of walkers are full, and waits for none
  /// of the others. Latents, if there are any, follow.
  void sweeps_side_by_side(std::size_t t, std::size_t count) {
    const auto begin = Clock::now();
    begin_sweep(t);
    if (after_.size() < count) after_.resize(count, state_);
    const std::span after(after_.data(), count);
    const std::size_t shares = std::min(state_.ensembles, static_cast<std::size_t>(backend_.threads));
    parallel_for(shares, backend_.threads, 1, [&](std::size_t i) {
      const std::size_t from = i * state_.ensembles / shares, to = (i + 1) * state_.ensembles / shares,
                        first = from * state_.walkers, last = to * state_.walkers, d = state_.dimension;
      for (std::size_t k = 0; k < count; ++k) {
        std::fill(state_.accepted.begin() + static_cast<std::ptrdiff_t>(first),
                  state_.accepted.begin() + static_cast<std::ptrdiff_t>(last), 0u);
        marginal_moves(t + k, from, to);
        std::copy_n(state_.theta.data() + first * d, (last - first) * d, after[k].theta.data() + first * d);
        std::copy_n(state_.lp.data() + first, last - first, after[k].lp.data() + first);
        std::copy_n(state_.accepted.data() + first, last - first, after[k].accepted.data() + first);
      }
    });
    if (joint_) draw_latents(t, after);
    for (std::size_t k = 0; k < count; ++k)
      end_sweep(t + k, after[k], after[k].theta, plan_->proposals(t + k));
    const std::chrono::duration<double> took = Clock::now() - begin;
    if (took.count() > 0.04)
      most_alone_ = std::max<std::size_t>(most_alone_ / 2, 1);
    else if (took.count() < 0.01)
      most_alone_ = std::min<std::size_t>(most_alone_ * 2, 64);
  }

  /// How many sweeps from t on ensembles may make without waiting for each other: until something is done
  /// with all of them, and 10 to 40 milliseconds. 1, if threads do more when they share the sums over
  /// objects: one more of them is worth its wake-up for a million terms.
  [[nodiscard]] std::size_t sweeps_alone(std::size_t t) const {
    if (!likelihood_ || likelihood_->by_nodes() || options_.log_likelihood_every > 0 ||
        backend_.kind != BackendKind::cpu || !selection_is_cheap())
      return 1;
    const auto threads = static_cast<std::size_t>(backend_.threads), ensembles = state_.ensembles;
    const std::uint64_t terms = likelihood_->terms() * state_.chains() / 2;
    const std::size_t rounds = (ensembles + threads - 1) / threads;
    if (ensembles / rounds <= std::clamp<std::uint64_t>(terms >> 20, 1, threads)) return 1;
    const std::size_t b = header_.burn_in;
    std::size_t end = b + header_.steps;
    for (const std::size_t stop : {b, b / 2, plan_->last_look(), plan_->first_look()})
      if (t < stop) end = stop;
    if (t >= b && options_.until.any()) end = std::min(end, b + rule_.next_look());
    // the latents that follow take about two nanoseconds each
    const std::uint64_t latents = joint_ ? catalog_.size() * state_.chains() : 0;
    const std::uint64_t most = latents > 0 ? std::max<std::uint64_t>((1u << 24) / latents, 1) : most_alone_;
    return std::min({end - t, most_alone_, static_cast<std::size_t>(most)});
  }

  ChainResults results(bool complete) {
    ChainResults results;
    results.complete = complete;
    if (counts_.ended) results.steps = counts_.done - header_.burn_in;
    if (options_.until.any() && complete) results.attributes["until_reached"] = rule_.verdict();
    if (joint_ && counts_.kept > 0)
      results.latents = joint_->finish(collect(counts_.done), static_cast<double>(counts_.kept));
    if (joint_ && counts_.done > header_.burn_in)
      results.attributes["latent_acceptance"] = fmt::format(
          "{:.4f}", counts_.latent_acceptance / static_cast<double>(counts_.done - header_.burn_in));
    add_acceptance(state_, acceptance_of_objects_, catalog_, results);
    joint_.reset();  // the memory of the latents is free for what is made of the run
    const double error = likelihood_ ? likelihood_->integration_error(recorder_->draws()) : 0;
    if (error > 0) results.attributes["integration_error"] = fmt::format("{:.2g}", error);
    results.attributes["sampling_seconds"] = fmt::format("{:.6f}", recorder_->seconds());
    results.attributes["burn_in_seconds"] = fmt::format("{:.6f}", recorder_->burn_in_seconds());
    const auto total = [](const std::vector<std::uint64_t>& counts) {
      return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    };
    results.attributes["nan_proposals"] = std::to_string(total(state_.nan_count));
    if (counts_.proposals > 0)
      results.attributes["outside_proposals"] =
          fmt::format("{:.4f}", static_cast<double>(total(state_.outside_count)) /
                                    static_cast<double>(counts_.proposals));
    if (sampled_ && likelihood_)
      results.monte_carlo = monte_carlo_error(*likelihood_, recorder_->draws(), state_.dimension);
    const auto& draws = recorder_->draws();
    if (draws.empty()) return results;
    const auto mean = mean_of_draws(draws, state_.dimension);
    add_caveats(model_.definition().caveats(catalog_, parse_method(header_.method), mean, backend_.threads),
                results);
    if (selection_) add_selection(*selection_, mean, catalog_.size(), results);
    if (likelihood_ && !catalog_.weight.empty() && draws.size() > 10 * state_.dimension)
      add_widths(sandwich(*likelihood_, catalog_.weight, draws, state_.dimension), results);
    return results;
  }

  /// Whether it is time: checkpoints take a twentieth of the run at most.
  [[nodiscard]] bool checkpoint_is_due() const {
    const std::chrono::duration<double> since = Clock::now() - saved_at_, took = saving_took_;
    return options_.checkpoint_every > 0 && since.count() > options_.checkpoint_every && since > 20 * took;
  }

  void checkpoint() {
    recorder_->flush();
    recorder_->wait();
    const auto begin = Clock::now();
    sink_.checkpoint([this](const SaveBytes& save) {
      State saved(save);
      state(saved);
    });
    saved_at_ = Clock::now();
    saving_took_ = saved_at_ - begin;
  }

  void restore(const LoadBytes& from) {
    State saved(from);
    state(saved);
    if (counts_.done > header_.burn_in + header_.steps)
      throw InputError(fmt::format("the run has made {} steps already, more than the {} that are asked for",
                                   counts_.done, header_.burn_in + header_.steps));
    const std::size_t d = state_.dimension;
    const bool likelihood = likelihood_ || options_.log_likelihood_every > 0;
    const auto& [theta, others] = reference_;
    const bool fits = theta.empty() ? others.empty() : likelihood && theta.size() == d;
    if (!fits || others.size() % d != 0)
      throw RunError("the saved state is not of this run: a list has another length");
    counts_.ended = counts_.ended && options_.until.any();
    if (theta.empty()) return;
    if (likelihood_)
      likelihood_->rebase(reference_.theta, reference_.others);
    else
      make_pointwise();
  }

  /// All that goes from sweep to sweep, and can't be had from the model, the catalog and the options.
  void state(State& s) {
    for (auto* count : {&counts_.done, &counts_.kept, &counts_.proposals}) s.number(*count);
    s.number(counts_.latent_acceptance);
    s.number(counts_.ended);
    s.array(state_.theta.data(), state_.theta.size());
    s.array(state_.lp.data(), state_.lp.size());
    s.array(state_.nan_count.data(), state_.nan_count.size());
    s.array(state_.outside_count.data(), state_.outside_count.size());
    s.array(state_.kinds.data(), state_.kinds.size());
    plan_->state(s);
    s.list(acceptance_of_objects_);
    s.list(reference_.theta);
    s.list(reference_.others);
    recorder_->state(s);
    rule_.state(s);
    if (joint_) joint_->state(s);
  }

  /// What sweep t does with the draw of the sweep before it, or with its own acceptance.
  [[nodiscard]] LatentStep::Collect collect(std::size_t t) const {
    if (scheme_ == "collapsed") return LatentStep::Collect::nothing;  // done as they were drawn
    if (t < header_.burn_in) return LatentStep::Collect::accepted;
    return t > 0 && header_.keeps(t - 1) ? LatentStep::Collect::moments : LatentStep::Collect::nothing;
  }

  /// On the naive or marginal likelihood.
  void marginal_target(std::span<const double> theta, std::span<double> lp) {
    target_(theta, lp,
            [&](std::span<const std::size_t>, std::span<const double> rows, std::span<double> out) {
              likelihood_->evaluate(rows, out);
            });
  }

  void evaluate_all() {
    marginal_target(state_.theta, state_.lp);
    for (std::size_t c = 0; c < state_.chains(); ++c) {
      if (std::isfinite(state_.lp[c])) continue;
      const auto objects = impossible_objects(*likelihood_, catalog_, state_.at(c));
      std::string theta;
      for (std::size_t j = 0; j < state_.dimension; ++j)
        theta += fmt::format("{}{} = {:.6g}", j == 0 ? "" : ", ", header_.parameters[j], state_.at(c)[j]);
      throw InputError(fmt::format(
          "the log-probability of walker {} ({}) is {}{}: choose another start, or priors that leave "
          "room for the data",
          c, theta, state_.lp[c],
          objects.empty() ? "" : "; impossible there: object " + catalog_.names(objects)));
    }
  }

  /// In the middle of burn-in; nodes, which are right near the walkers only, at every quarter of it and at
  /// its end, too, unless they still suit them.
  [[nodiscard]] bool recenters_at(std::size_t t) const {
    const std::size_t b = header_.burn_in;
    if (t == b / 2) return true;
    if (!likelihood_->by_nodes()) return false;
    const bool looks = t == b / 4 || t == b / 2 + b / 4 || t == b;
    return looks && (reaches_too_far(state_, reference_, model_) || went_beyond(state_, reference_) ||
                     !unresolved(state_, reference_, *likelihood_).empty());
  }

  /// Moves the likelihood's reference to the mean of all walkers, and has integrals right for the walkers
  /// that are farthest out.
  void recenter() {
    if (counts_.done > 0 && counts_.done <= header_.burn_in)
      rescue_lost(state_, options_.seed, static_cast<std::uint32_t>(counts_.done));
    rebase(reference_of(state_, model_, unresolved(state_, reference_, *likelihood_)));
  }
  void rebase(Reference reference) {
    reference_ = std::move(reference);
    likelihood_->rebase(reference_.theta, reference_.others);
    evaluate_all();
  }

  /// The marginal likelihood of a joint fit that does not sample it, for the log-likelihoods of objects.
  void make_pointwise() {
    pointwise_ =
        model_.definition().likelihood(catalog_, Method::marginal, reference_.theta, options_, backend_);
    pointwise_->rebase(reference_.theta, reference_.others);
  }

  /// ln L_i of every walker and object, [chain][object], if sweep t becomes a draw for which it is kept.
  std::vector<float> log_likelihoods(std::size_t t) {
    if (!header_.keeps_log_likelihood(t)) return {};
    const std::size_t n = catalog_.size();
    if (!likelihood_ && (!pointwise_ || went_beyond(state_, reference_))) {
      reference_ = reference_of(state_, model_);
      make_pointwise();
    }
    Likelihood& likelihood = likelihood_ ? *likelihood_ : *pointwise_;
    std::vector<double> factor(state_.chains());
    if (selection_) selection_->log_factor(state_.theta, factor);
    std::vector<float> all(state_.chains() * n);
    parallel_for(state_.chains(), backend_.threads, 1, [&](std::size_t c) {
      std::vector<double> l(n);
      likelihood.pointwise(state_.at(c), l);
      for (std::size_t i = 0; i < n; ++i)
        all[c * n + i] = static_cast<float>(l[i] + factor[c] / static_cast<double>(n));
    });
    return all;
  }

  /// The moves of sweep t where integrals are right near the walkers only: if one went where they are not,
  /// they are made right there, and the moves are made again, with the same random numbers.
  void moves_within_reach(std::size_t t) {
    const Ensembles before = state_;
    marginal_moves(t, 0, state_.ensembles);
    for (int again = 0; again < 3; ++again) {
      const std::vector<double> coarse = unresolved(state_, reference_, *likelihood_);
      if (coarse.empty() && !went_beyond(state_, reference_)) return;
      Reference wider = reference_of(state_, model_, coarse);
      state_ = before;
      rebase(std::move(wider));
      marginal_moves(t, 0, state_.ensembles);
    }
  }

  /// The moves of sweep t on ensembles [first, last).
  void marginal_moves(std::size_t t, std::size_t first, std::size_t last) {
    const auto target = [&](std::span<const std::size_t>, std::span<const double> theta,
                            std::span<double> lp) { marginal_target(theta, lp); };
    const std::size_t moves = plan_->moves(t);
    if (plan_->draws())
      draw_once(
          state_, first, last, options_.seed, static_cast<std::uint32_t>(t), Purpose::move_marginal,
          static_cast<std::uint32_t>(moves),
          [&](std::size_t, HostStream& stream, std::span<double> theta) {
            return likelihood_->draw(stream, theta);
          },
          [&](std::span<const double> theta, std::span<double> lp) {
            target_.prior(theta, lp);
            likelihood_->add_log_ratio_to_draws(theta, lp);
          },
          target);
    for (std::size_t k = 0; k < moves && !state_.free.empty(); ++k)
      move_once(state_, first, last, plan_->settings(), static_cast<std::uint32_t>(t), Purpose::move_marginal,
                static_cast<std::uint32_t>(k), target);
  }

  [[nodiscard]] bool selection_is_cheap() const { return !selection_ || selection_->cheap(); }

  /// Moves on ln prior + log_conditional(chains, theta, out), the same number for every ensemble. `cheap`:
  /// ensembles side by side; else all of them together, for a backend to work on. `draw`: from the
  /// conditional, where the plan says that there is one. Gives the number of moves.
  template <class LogConditional>
  std::size_t moves_on(bool cheap, Purpose purpose, std::size_t t, LogConditional log_conditional,
                       const Draw& draw) {
    cheap = cheap && selection_is_cheap();
    const std::size_t d = state_.dimension, moves = options_.moves_per_step > 0 ? options_.moves_per_step
                                                    : plan_->draws()            ? 1
                                                    : cheap                     ? 10
                                                                                : joint_->dear_moves();
    const auto target = [&](std::span<const std::size_t> chains, std::span<const double> theta,
                            std::span<double> lp) {
      target_(theta, lp,
              [&](std::span<const std::size_t> inside, std::span<const double> rows, std::span<double> out) {
                std::vector<std::size_t> whose;
                whose.reserve(inside.size());
                for (const std::size_t i : inside) whose.push_back(chains[i]);
                log_conditional(whose, rows, out);
              });
    };
    const auto run = [&](std::size_t first, std::size_t last) {
      const std::size_t w = state_.walkers, begin = first * w, count = (last - first) * w;
      std::vector<std::size_t> chains(count);
      std::iota(chains.begin(), chains.end(), begin);
      target(chains, std::span(state_.theta).subspan(begin * d, count * d),
             std::span(state_.lp).subspan(begin, count));
      if (plan_->draws())
        draw_once(
            state_, first, last, options_.seed, static_cast<std::uint32_t>(t), purpose,
            static_cast<std::uint32_t>(moves), draw,
            [&](std::span<const double> theta, std::span<double> lp) { target_.prior(theta, lp); }, target);
      for (std::size_t k = 0; k < moves && !state_.free.empty(); ++k)  // all fixed: latents alone move
        move_once(state_, first, last, plan_->settings(), static_cast<std::uint32_t>(t), purpose,
                  static_cast<std::uint32_t>(k), target);
    };
    if (cheap)
      parallel_for(state_.ensembles, backend_.threads, 1, [&](std::size_t e) { run(e, e + 1); });
    else
      run(0, state_.ensembles);
    return moves + (plan_->draws() ? 1 : 0);
  }

  /// theta given the latents, then, interweaved, theta given eta.
  std::size_t joint_sweep(std::size_t t) {
    using Chains = std::span<const std::size_t>;
    using Values = std::span<const double>;
    const bool interweave = scheme_ == "interweaved" && !free_at_fixed_eta_.empty();
    std::size_t moves = moves_on(
        joint_->centred_is_cheap(), Purpose::move_centred, t,
        [&](Chains chains, Values theta, std::span<double> out) { joint_->centred(chains, theta, out); },
        [&](std::size_t chain, HostStream& stream, std::span<double> theta) {
          return joint_->draw_centred(chain, stream, theta);
        });
    centred_ = state_.theta;
    std::vector<double> centred_value = state_.lp, before(state_.chains());
    const auto noncentred = [&](Chains chains, Values theta, std::span<double> out) {
      joint_->noncentred(chains, centred_, theta, out);
    };
    const auto each_chain = [&](const auto& body) {
      parallel_for(state_.chains(), backend_.threads, 16, body);
    };
    std::vector<std::size_t> all(state_.chains());
    std::iota(all.begin(), all.end(), std::size_t{0});
    std::vector<double> prior(state_.chains());
    target_.prior(state_.theta, prior);
    for (const std::size_t c : all) centred_value[c] -= prior[c];
    if (joint_->noncentred_is_cheap())
      each_chain([&](std::size_t c) {
        noncentred(Chains(all).subspan(c, 1),
                   Values(centred_).subspan(c * state_.dimension, state_.dimension),
                   std::span(before).subspan(c, 1));
      });
    else
      noncentred(all, centred_, before);
    std::vector<double> after = before;
    if (interweave) {
      state_.free.swap(free_at_fixed_eta_);
      moves += moves_on(joint_->noncentred_is_cheap(), Purpose::move_noncentred, t, noncentred,
                        [&](std::size_t chain, HostStream& stream, std::span<double> theta) {
                          return joint_->draw_noncentred(chain, centred_, stream, theta);
                        });
      state_.free.swap(free_at_fixed_eta_);
      target_.prior(state_.theta, prior);
      for (const std::size_t c : all) after[c] = state_.lp[c] - prior[c];
    }
    each_chain([&](std::size_t c) {
      const Values from = Values(centred_).subspan(c * state_.dimension, state_.dimension);
      state_.lp[c] =
          prior[c] + joint_->transform(c, from, state_.at(c), centred_value[c], before[c], after[c]);
    });
    return moves;
  }

  const Model& model_;
  const Catalog& catalog_;
  const FitOptions& options_;
  ChainSink& sink_;
  Backend backend_;
  std::string scheme_;
  ChainHeader header_;
  Ensembles state_;
  std::vector<Ensembles> after_;  // each of the sweeps that were made side by side
  std::size_t most_alone_ = 8;    // sweeps that ensembles make before they wait for each other
  bool sampled_ = false;          // the likelihood is a sum over posterior samples
  std::unique_ptr<SelectionFactor> selection_;
  ThetaTarget target_;
  std::unique_ptr<Likelihood> likelihood_, pointwise_;
  std::unique_ptr<JointTarget> joint_;
  std::optional<MovePlan> plan_;          // once it is known what those can do
  std::vector<double> centred_, center_;  // the second: of the start
  std::vector<double> acceptance_of_objects_;
  Reference reference_;  // of the likelihood, once it was moved
  Counts counts_;
  StopRule rule_;
  std::optional<Recorder> recorder_;
  Clock::time_point saved_at_{};
  Clock::duration saving_took_{};
  std::vector<std::size_t> free_at_fixed_eta_;
};

Chain fit_in_memory(const Model& model, const Catalog& catalog, Method method, const FitOptions& options) {
  MemorySink sink;
  fit(model, catalog, method, options, sink);
  return sink.take();
}

}  // namespace

void fit(const Model& model, const Catalog& catalog, Method method, const FitOptions& options,
         ChainSink& sink) {
  fit(model, catalog, method, options, sink, LoadBytes{});
}

void fit(const Model& model, const Catalog& catalog, Method method, const FitOptions& options,
         ChainSink& sink, const LoadBytes& state) {
  check(catalog);
  model.definition().check(catalog, method);
  const FitOptions used = with_defaults(options, model, method);
  Run(model, catalog, method, used, sink).go(state);
}

Chain fit_naive(const Model& model, const Catalog& catalog, const FitOptions& options) {
  return fit_in_memory(model, catalog, Method::naive, options);
}
Chain fit_marginal(const Model& model, const Catalog& catalog, const FitOptions& options) {
  return fit_in_memory(model, catalog, Method::marginal, options);
}
Chain fit_joint(const Model& model, const Catalog& catalog, const FitOptions& options) {
  return fit_in_memory(model, catalog, Method::joint, options);
}

std::string version() {
  return STARLING_VERSION;
}

}  // namespace starling
