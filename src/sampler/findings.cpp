#include "sampler/findings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace starling {

void add_acceptance(const Ensembles& state, const std::vector<double>& of_objects, const Catalog& catalog,
                    ChainResults& results) {
  std::vector<std::string> kinds;
  for (std::size_t kind = 0; kind < kMoveKinds; ++kind) {
    std::uint64_t proposed = 0, accepted = 0;
    for (std::size_t e = 0; e < state.ensembles; ++e) {
      const std::uint64_t* const counts = &state.kinds[2 * (e * kMoveKinds + kind)];
      proposed += counts[0];
      accepted += counts[1];
    }
    if (proposed > 0)
      kinds.push_back(fmt::format("{} {:.4f}", name_of_kind(kind),
                                  static_cast<double>(accepted) / static_cast<double>(proposed)));
  }
  if (!kinds.empty()) results.attributes["move_acceptance"] = fmt::format("{}", fmt::join(kinds, ", "));

  if (of_objects.empty()) return;
  std::vector<std::size_t> off;
  for (std::size_t i = 0; i < of_objects.size(); ++i)
    if (!(of_objects[i] >= 0.15 && of_objects[i] <= 0.8)) off.push_back(i);
  const auto [lowest, highest] = std::minmax_element(of_objects.begin(), of_objects.end());
  results.attributes["object_acceptance"] = fmt::format("{:.4f} to {:.4f}", *lowest, *highest);
  if (off.empty()) return;
  std::stable_sort(off.begin(), off.end(), [&](auto a, auto b) { return of_objects[a] < of_objects[b]; });
  results.attributes["objects_badly_adapted"] =
      fmt::format("{} of {} objects (as {})", off.size(), of_objects.size(), catalog.names(off));
}

void add_caveats(const std::vector<std::string>& caveats, ChainResults& results) {
  if (!caveats.empty()) results.attributes["caveats"] = fmt::format("{}", fmt::join(caveats, " "));
}

void add_selection(SelectionFactor& selection, std::span<const double> mean, std::size_t objects,
                   ChainResults& results) {
  const auto error = selection.error(mean);
  results.attributes["detected_fraction"] = fmt::format("{:.6g}", selection.detected(mean));
  if (!(error.variance > 0)) return;
  results.attributes["selection_variance"] = fmt::format("{:.6g}", error.variance);
  results.attributes["injections_n_eff"] = fmt::format("{:.6g}", error.n_eff);
  results.attributes["injections_needed"] = fmt::format("{:.6g}", 4 * static_cast<double>(objects));
}

void add_widths(const Sandwich& sandwich, ChainResults& results) {
  std::string text;
  for (const double sd : sandwich.sd) text += fmt::format("{}{:.9g}", text.empty() ? "" : " ", sd);
  results.attributes["sandwich_sd"] = text;
  results.attributes["effective_objects"] = fmt::format("{:.6g}", sandwich.effective_number);
}

}  // namespace starling
