#include "sampler/header.hpp"

#include <fmt/format.h>

#include "models/definition.hpp"

namespace starling {

ChainHeader make_header(const Model& model, Method method, const FitOptions& o, const std::string& scheme,
                        const Backend& backend) {
  ChainHeader h;
  h.method = to_string(method);
  h.population = model.population();
  h.measurement = model.measurement();
  h.integral = method == Method::marginal ? o.integral : "";
  h.latent_update = method == Method::joint ? o.latents : "";
  for (const auto& p : model.parameters()) h.parameters.push_back(p.name);
  for (const auto& p : model.priors()) h.priors.push_back(p.text());
  h.ensembles = o.ensembles;
  h.walkers = o.walkers;
  h.burn_in = o.burn_in;
  h.steps = o.most_steps();
  h.thin = o.thin;
  h.seed = o.seed;
  h.interweaving = scheme == "interweaved";
  h.device = backend.description;
  const auto list = [](const std::vector<double>& values) {
    std::string text;
    for (const double v : values) text += fmt::format("{}{:.17g}", text.empty() ? "" : " ", v);
    return text;
  };
  h.attributes = {{"moves", to_string(o.moves)},
                  {"moves_per_step", std::to_string(o.moves_per_step)},
                  {"stretch_scale", fmt::format("{:.17g}", o.stretch_scale)},
                  {"arithmetic", backend.kind == BackendKind::reference ? "double" : "float"},
                  {"starling_version", version()}};
  if (model.selection().any()) {
    h.attributes["selection"] = model.selection().text;
    h.attributes["rate"] = std::to_string(model.selection().rate ? 1 : 0);
  }
  if (o.until.any()) h.attributes["until"] = to_string(o.until);
  if (o.bias_correction != "none") h.attributes["bias_correction"] = o.bias_correction;
  if (o.log_likelihood_every > 0)
    h.attributes["log_likelihood_every"] = std::to_string(o.log_likelihood_every);
  if (!o.start_center.empty()) {
    h.attributes["start_center"] = list(o.start_center);
    h.attributes["start_spread"] = list(o.start_spread);
  }
  if (method == Method::joint) {
    h.attributes["scheme"] = scheme;
    h.attributes["latent_updates"] = std::to_string(o.latent_updates);
    if (const auto latents = model.definition().latents(); latents.size() > 1)
      h.attributes["latents"] = fmt::format("{}", fmt::join(latents, " "));
  }
  return h;
}

}  // namespace starling
