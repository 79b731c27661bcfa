#include "sampler/findings.hpp"

#include <fmt/format.h>

namespace starling {

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
