// FitOptions and their texts: parsing, checking, defaults.
#include "sampler/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/likelihoods.hpp"
#include "starling/error.hpp"
#include "starling/model.hpp"

namespace starling {

Method parse_method(const std::string& text) {
  if (text == "naive") return Method::naive;
  if (text == "marginal") return Method::marginal;
  if (text == "joint") return Method::joint;
  throw InputError(fmt::format("unknown method '{}'{}; expected naive, marginal or joint", text,
                               did_you_mean(text, {"naive", "marginal", "joint"})));
}

std::string to_string(Method method) {
  return method == Method::naive ? "naive" : method == Method::marginal ? "marginal" : "joint";
}

MoveMix parse_moves(const std::string& text) {
  MoveMix mix;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string item = text.substr(begin, end - begin);
    const std::size_t equals = item.find('=');
    const std::string name = item.substr(0, equals);
    double share = 1;
    if (equals != std::string::npos) {
      const std::string number = item.substr(equals + 1);
      std::size_t used = 0;
      try {
        share = std::stod(number, &used);
      } catch (const std::exception&) {
        used = std::string::npos;
      }
      if (used != number.size() || !std::isfinite(share) || share < 0)
        throw InputError(
            fmt::format("moves '{}': share '{}' of '{}' is not a number >= 0", text, number, name));
    }
    if (name == "stretch") {
      mix.stretch += share;
    } else if (name == "de") {
      mix.de += share;
    } else if (name == "snooker") {
      mix.snooker += share;
    } else if (name == "normal") {
      mix.normal += share;
    } else {
      throw InputError(
          fmt::format("moves '{}': unknown move '{}'{}; expected stretch, de, snooker or normal, such as "
                      "de=0.8,snooker=0.2",
                      text, name, did_you_mean(name, {"stretch", "de", "snooker", "normal"})));
    }
    begin = end + 1;
  }
  const double sum = mix.stretch + mix.de + mix.snooker + mix.normal;
  if (!(sum > 0)) throw InputError(fmt::format("moves '{}': all shares are zero", text));
  if (!std::isfinite(sum))
    throw InputError(fmt::format("moves '{}': the sum of the shares is too large", text));
  return mix;
}

std::string to_string(const MoveMix& m) {
  return fmt::format("de={},stretch={},snooker={},normal={}", m.de, m.stretch, m.snooker, m.normal);
}

MoveMix default_moves(const std::string& scheme) {
  if (scheme.empty() || scheme == "collapsed") return {.de = 0.32, .snooker = 0.08, .normal = 0.6};
  // given the latents: each walker has its own, and the others' spread is not that of its theta
  return {.stretch = 0.2, .de = 0.7, .snooker = 0.1};
}

FitOptions with_defaults(const FitOptions& options, const Model& model, Method method) {
  FitOptions o = options;
  std::size_t free = 0;
  for (const Prior& p : model.priors()) free += p.is_fixed() ? 0 : 1;
  if (free == 0 && method != Method::joint)
    throw InputError("every parameter is fixed: there is nothing to fit");
  const auto require = [](bool good, const std::string& what) {
    if (!good) throw InputError(what);
  };
  require(o.ensembles >= 1, "ensembles is 0, expected 1 or more");
  const std::size_t fewest = std::max<std::size_t>(8, 2 * free);
  if (o.walkers == 0) o.walkers = 2 * fewest;
  require(o.walkers % 2 == 0 && o.walkers >= fewest,
          fmt::format("walkers is {}, expected an even number of {} or more", o.walkers, fewest));
  require(o.ensembles * o.walkers < (std::size_t{1} << 24),
          fmt::format("{} ensembles of {} walkers are more than 16,777,215 chains", o.ensembles, o.walkers));
  require(o.steps >= 1, "steps is 0, expected 1 or more");
  require(o.thin >= 1 && o.thin <= o.steps,
          fmt::format("thin is {}, expected between 1 and steps = {}", o.thin, o.steps));
  require(
      o.log_likelihood_every == 0 || o.log_likelihood_every <= o.most_steps() / o.thin,
      fmt::format("log-likelihoods are to be kept of every {} draws, expected at most the {} that are made",
                  o.log_likelihood_every, o.most_steps() / o.thin));
  require(
      o.log_likelihood_every == 0 || !model.selection().rate,
      "with a Poisson rate the catalog is one realisation, and its objects have no likelihoods of their own "
      "to keep: leave out the rate");
  require(!o.until.any() || o.max_steps >= o.steps,
          fmt::format("max steps is {}, expected at least steps = {}", o.max_steps, o.steps));
  require(o.burn_in + o.most_steps() < (std::size_t{1} << 32) - 2,
          "burn-in + steps is more than 4,294,967,293 sweeps");
  require(o.stretch_scale > 1 && std::isfinite(o.stretch_scale),
          fmt::format("the scale of the stretch move is {}, expected more than 1", o.stretch_scale));
  require(o.checkpoint_every >= 0,
          fmt::format("checkpoint every is {} seconds, expected 0 or more", o.checkpoint_every));
  require(o.latent_updates >= 1 && o.latent_updates <= 1000,
          fmt::format("latent updates is {}, expected between 1 and 1000", o.latent_updates));
  require(o.moves_per_step <= 10000,
          fmt::format("moves per step is {}, expected at most 10000", o.moves_per_step));
  require(o.moves.de >= 0 && o.moves.stretch >= 0 && o.moves.snooker >= 0 && o.moves.normal >= 0,
          "shares of moves must not be negative");

  const auto one_of = [](const char* option, const std::string& value,
                         const std::vector<std::string>& known) {
    for (const auto& k : known)
      if (value == k) return;
    throw InputError(fmt::format("unknown {} '{}'{}; expected {}", option, value, did_you_mean(value, known),
                                 fmt::join(known, ", ")));
  };
  one_of("latents", o.latents, {"auto", "exact", "metropolis", "samples"});
  one_of("integral", o.integral, {"auto", "exact", "quadrature", "samples"});
  parse_bias_correction(o.bias_correction);
  require(o.quadrature_tolerance > 0 && o.quadrature_tolerance < 1,
          fmt::format("the tolerance of quadrature is {}, expected a number between 0 and 1",
                      o.quadrature_tolerance));
  const auto& definition = model.definition();
  const auto choose = [&](std::string& chosen, const std::vector<std::string>& possible, const char* what) {
    if (chosen == "auto") chosen = possible.front();
    require(std::find(possible.begin(), possible.end(), chosen) != possible.end(),
            fmt::format("{} '{}' cannot be had for population '{}' with measurement '{}', expected {}", what,
                        chosen, model.population(), model.measurement(), fmt::join(possible, " or ")));
  };
  if (method == Method::marginal) choose(o.integral, definition.integrals(), "integral");
  require(o.bias_correction == "none" || (method == Method::marginal && o.integral == "samples"),
          fmt::format("bias correction {} is of the likelihood of posterior samples, in a marginal fit",
                      o.bias_correction));
  if (method == Method::joint) choose(o.latents, definition.latent_updates(), "latent update");
  if (o.moves == MoveMix{}) o.moves = default_moves(scheme_of(o, model, method));
  return o;
}

std::string scheme_of(const FitOptions& options, const Model& model, Method method) {
  if (method != Method::joint) return "";
  if (!options.interweaving) return "centred";
  if (model.definition().prefers_collapsed() && options.latents != "metropolis") return "collapsed";
  return model.definition().can_interweave() ? "interweaved" : "centred";
}

}  // namespace starling
