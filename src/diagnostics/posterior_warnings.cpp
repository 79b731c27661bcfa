// What summary() warns of in the posterior itself: edges, ridges and funnels, a noisy likelihood, lost
// proposals.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <sstream>
#include <string>
#include <utility>

#include "diagnostics/facts.hpp"
#include "diagnostics/table.hpp"
#include "starling/error.hpp"
#include "starling/model.hpp"

namespace starling::diagnostics {
namespace {

using Facts = std::vector<ParameterFacts>;

double as_double(std::size_t n) {
  return static_cast<double>(n);
}

// A result that is kept as text; NaN where the chain does not hold it.
double number_of(const Chain& chain, const std::string& result) {
  double value = std::numeric_limits<double>::quiet_NaN();
  const std::string text = result_text(chain, result);
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Where a parameter's density may be evaluated; everywhere, for a model that this program was built without.
Parameter range_of(const Chain& chain, const ParameterFacts& parameter) {
  try {
    for (Parameter& known : parameters_of(chain.header.population, chain.header.measurement, true))
      if (known.name == parameter.figures.name) return known;
  } catch (const InputError&) {
  }
  return {};
}

// Every so-many-th draw: as many as shapes need, and no more than sort quickly.
std::vector<double> some_draws(const ParameterFacts& parameter, std::size_t numbers) {
  constexpr std::size_t enough = 5'000;
  const std::size_t stride = std::max<std::size_t>(1, numbers / enough);
  std::vector<double> draws;
  for (std::size_t i = 0; i < numbers; i += stride) draws.push_back(parameter.values[i]);
  return draws;
}

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> rank(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) rank[order[i]] = as_double(i);
  return rank;
}

// Spearman's: of the ranks, so that a bent ridge counts as well as a straight one.
double rank_correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const std::vector<double> x = ranks(a), y = ranks(b);
  const double middle = 0.5 * as_double(x.size() - 1);
  double product = 0, square = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    product += (x[i] - middle) * (y[i] - middle);
    square += (x[i] - middle) * (x[i] - middle);
  }
  return product / square;
}

// Edges of the prior that are not the parameter's own: theta_sigma > 0 is no choice of the prior.
std::string at_prior_edge(const Chain& chain, const ParameterFacts& parameter) {
  if (!parameter.prior || !(parameter.figures.sd > 0)) return {};
  const Parameter range = range_of(chain, parameter);
  const std::size_t numbers = chain.header.chains() * chain.draws;
  const double near = 0.1 * parameter.figures.sd;
  const auto share = [&](double edge) {
    return as_double(static_cast<std::size_t>(
               std::count_if(parameter.values, parameter.values + numbers,
                             [&](double value) { return std::abs(value - edge) <= near; }))) /
           as_double(numbers);
  };
  std::vector<std::string> edges;
  const auto look_at = [&](std::string_view which, double edge) {
    // A normal posterior with its mode 1.7 sd inside the edge has 1 % of its mass within a tenth of an sd
    // from it.
    const double mass = std::isfinite(edge) ? share(edge) : 0;
    if (mass >= 0.01) edges.push_back(fmt::format("{:.2g} % at the {} edge {:g}", 100 * mass, which, edge));
  };
  if (parameter.prior->lower() > range.lower) look_at("lower", parameter.prior->lower());
  if (parameter.prior->upper() < range.upper) look_at("upper", parameter.prior->upper());
  if (edges.empty()) return {};
  return fmt::format(
      "The prior {} cuts off the posterior of {}: {} (within a tenth of a posterior sd). Widen the prior, "
      "unless the "
      "edge is meant.",
      parameter.prior->text(), parameter.figures.name, joined(edges, " and "));
}

// Where the prior says that the data can hardly be. A flat prior says so nowhere but at its edges, and a
// width near 0 is where half_normal is densest.
std::string against_prior(const Chain& chain, const ParameterFacts& parameter) {
  constexpr double tail = 1e-4;
  if (!parameter.prior) return {};
  const Prior& prior = *parameter.prior;
  const double middle = median(some_draws(parameter, chain.header.chains() * chain.draws));
  const bool above = middle > prior.quantile(1 - tail), below = middle < prior.quantile(tail);
  if (!(above || below) || prior.log_density(middle) > prior.log_density(prior.quantile(0.5)) - 3) return {};
  return fmt::format(
      "The data disagree with the prior {} of {}, which leaves 0.01 % to values as {} as the posterior's "
      "median {:.4g}. Either another prior was meant (in other units?), or the model does not fit: look for "
      "objects far from all others with starling check.",
      prior.text(), parameter.figures.name, above ? "large" : "small", middle);
}

// Pairs of parameters along a ridge: what the data say of one, they say of the other.
constexpr double narrow_ridge = 0.98;

std::string ridges(const Chain& chain, const Facts& parameters) {
  std::vector<std::string> pairs;
  const std::size_t numbers = chain.header.chains() * chain.draws;
  for (std::size_t a = 0; a < parameters.size(); ++a)
    for (std::size_t b = a + 1; b < parameters.size(); ++b) {
      // What never moved has no ranks.
      if (!(parameters[a].figures.sd > 0 && parameters[b].figures.sd > 0)) continue;
      const double r =
          rank_correlation(some_draws(parameters[a], numbers), some_draws(parameters[b], numbers));
      if (std::abs(r) > narrow_ridge)
        pairs.push_back(fmt::format("{} and {} (rank correlation {:.4f})", parameters[a].figures.name,
                                    parameters[b].figures.name, r));
    }
  if (pairs.empty()) return {};
  return fmt::format(
      "A ridge: the data hardly tell {} apart, so each follows from the other and from the priors. Say more "
      "of "
      "one of them in its prior, or fix it; look at the pair in a corner plot.",
      joined(pairs));
}

// Whether the prior's choice or the parameter's own range begins at 0: a width.
bool is_scale(const Chain& chain, const ParameterFacts& parameter) {
  return range_of(chain, parameter).lower == 0;
}

// The range that holds the middle half of `values`, some of which it reorders.
double middle_half(std::vector<double> values) {
  const auto at = [&](double share) {
    const auto place = values.begin() + static_cast<std::ptrdiff_t>(share * as_double(values.size() - 1));
    std::nth_element(values.begin(), place, values.end());
    return *place;
  };
  const double low = at(0.25);
  return at(0.75) - low;
}

// Spread of `location` where `scale` is in its upper tenth, over that where it is in its lowest.
double funnel_ratio(const ParameterFacts& location, const ParameterFacts& scale, std::size_t numbers) {
  const std::vector<double> x = some_draws(scale, numbers), y = some_draws(location, numbers);
  std::vector<std::pair<double, double>> draws;
  for (std::size_t i = 0; i < x.size(); ++i) draws.emplace_back(x[i], y[i]);
  std::sort(draws.begin(), draws.end());
  const std::size_t tenth = draws.size() / 10;
  if (tenth < 20) return 1;
  std::vector<double> low, high;
  for (std::size_t i = 0; i < tenth; ++i) {
    low.push_back(draws[i].second);
    high.push_back(draws[draws.size() - 1 - i].second);
  }
  return middle_half(std::move(high)) / middle_half(std::move(low));
}

std::string funnels(const Chain& chain, const Facts& parameters) {
  constexpr double deep = 10;
  const std::size_t numbers = chain.header.chains() * chain.draws;
  std::vector<std::string> pairs;
  for (const ParameterFacts& scale : parameters) {
    if (!is_scale(chain, scale)) continue;
    for (const ParameterFacts& location : parameters) {
      if (is_scale(chain, location)) continue;
      const double ratio = funnel_ratio(location, scale, numbers);
      if (ratio > deep)
        pairs.push_back(fmt::format("{} spreads {:.0f} times wider at large {} than at small",
                                    location.figures.name, ratio, scale.figures.name));
    }
  }
  if (pairs.empty()) return {};
  return fmt::format(
      "A funnel: {}. Walkers hardly get into its neck, so small widths may be missed. Say in the prior how "
      "small the width can be, keep interweaving on, and compare with a run of another seed.",
      joined(pairs));
}

std::string proposals_outside(const Chain& chain) {
  constexpr double many = 0.25;
  const double share = number_of(chain, "outside_proposals");
  if (!(share > many)) return {};
  return fmt::format(
      "{:.0f} % of the proposals fell where the density is zero, outside of the prior for the most part: "
      "much of "
      "the run was lost on them, and the posterior leans on an edge. Widen the prior, unless the edge is "
      "meant; "
      "then take more moves per step.",
      100 * share);
}

// Metropolis updates of latents aim at 0.44, of several per object at 0.23 to 0.29; the share is that of all
// together.
std::string latent_updates(const Chain& chain) {
  if (chain.header.latent_update != "metropolis") return {};
  const double share = number_of(chain, "latent_acceptance");
  const char* aim = chain.results.latents.names.empty() ? "0.44" : "0.23 to 0.29";
  if (share < 0.15)
    return fmt::format(
        "Only {:.2g} of the updates of latents were accepted, where {} is aimed at: the latents hardly move. "
        "Burn in longer, so that their steps adapt.",
        share, aim);
  if (share > 0.8)
    return fmt::format(
        "{:.2g} of the updates of latents were accepted, where {} is aimed at: their steps are too small to "
        "get anywhere. Burn in longer, so that they adapt.",
        share, aim);
  return {};
}

// Kinds of moves that hardly ever succeed: "de 0.3100, stretch 0.0021, de at fixed eta 0.4100". In a joint
// fit one of the two, at fixed latents and at fixed eta, may well do so, as long as the other does the work.
// Draws, which do not know the prior, come on top.
std::string useless_moves(const Chain& chain) {
  constexpr double useless = 0.02;
  std::map<std::string, double> best;
  std::istringstream in(result_text(chain, "move_acceptance"));
  for (std::string name, text; in >> name && std::getline(in, text, ',');) {
    double share = 0;
    const char* const end = text.data() + text.size();
    std::from_chars(text.data() + text.rfind(' ') + 1, end, share);
    best[name] = std::max(best[name], share);
  }
  std::vector<std::string> moves;
  for (const auto& [name, share] : best)
    if (share < useless && name != "draw") moves.push_back(fmt::format("{} {:.4f}", name, share));
  if (moves.empty()) return {};
  return fmt::format(
      "Fewer than {:g} of these moves of theta were accepted: {}. They bring nothing where others do better "
      "(leave them out with --moves); where none does, the posterior is narrow, bent or in pieces, and needs "
      "another start or a simpler model.",
      useless, joined(moves));
}

// Objects whose proposals did not come near what burn-in adapts them to.
std::string badly_adapted_objects(const Chain& chain) {
  const std::string objects = result_text(chain, "objects_badly_adapted");
  if (objects.empty()) return {};
  return fmt::format(
      "Of {} fewer than 0.15 or more than 0.8 of the updates of latents were accepted at the end of burn-in: "
      "their latents hardly move. Burn in longer, so that their steps adapt.",
      objects);
}

std::string monte_carlo_error(const Chain& chain, const Facts& parameters) {
  const MonteCarloError& error = chain.results.monte_carlo;
  if (!(error.variance >= 1)) return {};
  std::string text = fmt::format(
      "The Monte Carlo variance of the samples likelihood is V = {:.3g}; it should be well below 1.",
      error.variance);
  std::vector<std::string> biases;
  for (const ParameterFacts& parameter : parameters) {
    const auto& names = chain.header.parameters;
    const auto index = static_cast<std::size_t>(
        std::find(names.begin(), names.end(), parameter.figures.name) - names.begin());
    if (index < error.expected_bias.size())
      biases.push_back(fmt::format("{} by {:+.2g}", parameter.figures.name, error.expected_bias[index]));
  }
  const auto correction = chain.header.attributes.find("bias_correction");
  if (correction != chain.header.attributes.end())
    text += fmt::format(" Its bias was corrected ({}), its scatter cannot be.", correction->second);
  else if (!biases.empty())
    text += fmt::format(" Expected bias, to first order: {} posterior sd.", joined(biases));
  std::vector<std::string> objects;
  for (std::size_t i = 0; i < std::min<std::size_t>(error.worst.size(), 3); ++i) {
    const MonteCarloError::Object& object = error.worst[i];
    const auto& ids = chain.observed.id;
    objects.push_back(
        fmt::format("{} about {:.0f} (it has {:.0f})",
                    object.index < ids.size() ? ids[object.index] : std::to_string(object.index),
                    std::ceil(object.needed), object.samples));
  }
  if (!objects.empty())
    text += fmt::format(" The worst objects need many more samples: {}.", joined(objects));
  return text + " Take more samples per object, or a closed-form integral if the noise is known.";
}

// Injections that know P_det too badly (Farr 2019: 4 N effective ones are needed).
std::string few_injections(const Chain& chain) {
  const double n_eff = number_of(chain, "injections_n_eff"), needed = number_of(chain, "injections_needed");
  const double variance = number_of(chain, "selection_variance");
  if (!(n_eff <= needed || variance >= 1)) return {};
  return fmt::format(
      "The injections are worth {:.0f} effective ones and {:.0f} are needed (4 per object); their Monte "
      "Carlo "
      "variance of ln L is {:.2g}. Make more injections, or draw them from a density nearer to the "
      "population.",
      n_eff, needed, variance);
}

// An integral over latents, or over nodes in the place of samples, that missed its tolerance by much.
std::string bad_integral(const Chain& chain) {
  const double error = number_of(chain, "integration_error");
  if (!(error > 1e-3)) return {};
  const bool of_samples = !chain.results.monte_carlo.worst.empty();
  return fmt::format("{} of the worst object has an error of {:.2g} in its ln L. {}",
                     of_samples ? "What stands for the posterior samples" : "The integral over the latent",
                     error,
                     of_samples ? "Sum over all of them (--tolerance 1e-15)."
                                : "Use the joint fit, which needs no integral.");
}

std::string nan_proposals(const Chain& chain) {
  const double count = number_of(chain, "nan_proposals");
  if (!(count > 0)) return {};
  return fmt::format(
      "{:.0f} proposals had a log-probability that is not a number; they were rejected. Look for data or a "
      "prior "
      "that let the density be undefined.",
      count);
}

}  // namespace

std::vector<Finding> posterior_findings(const Chain& chain, const Facts& parameters) {
  std::vector<Finding> found;
  if (chain.draws >= 4) {
    for (const ParameterFacts& parameter : parameters) {
      found.push_back({at_prior_edge(chain, parameter)});
      found.push_back({against_prior(chain, parameter)});
    }
    found.push_back({ridges(chain, parameters)});
    found.push_back({funnels(chain, parameters)});
  }
  found.push_back({monte_carlo_error(chain, parameters), Harm::biased});
  found.push_back({few_injections(chain), Harm::biased});
  found.push_back({bad_integral(chain), Harm::biased});
  // what the fit itself found doubtful in the way it takes the data
  found.push_back({result_text(chain, "caveats"), Harm::biased});
  found.push_back({proposals_outside(chain)});
  found.push_back({useless_moves(chain)});
  found.push_back({latent_updates(chain)});
  found.push_back({badly_adapted_objects(chain)});
  found.push_back({nan_proposals(chain)});
  return found;
}

}  // namespace starling::diagnostics
