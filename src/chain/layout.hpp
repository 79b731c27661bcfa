/// Names in a chain file, used by its writer and its reader. docs/file-formats.md tells users about them.
#pragma once

#include <cstdint>

namespace starling::layout {

constexpr std::int64_t version = 1;  ///< of this layout
constexpr const char* version_attribute = "starling_chain_version";

// Groups.
constexpr const char* posterior = "posterior";
constexpr const char* warmup_posterior = "warmup_posterior";
constexpr const char* sample_stats = "sample_stats";
constexpr const char* log_likelihood = "log_likelihood";
constexpr const char* replay = "replay";
constexpr const char* latent_moments = "latent_moments";
constexpr const char* observed_data = "observed_data";
/// Before the role of a column of the catalog beside x and sigma.
constexpr const char* column_prefix = "column_";
constexpr const char* monte_carlo = "monte_carlo";

// Free attributes of a run and of its results are root attributes with these before their names.
constexpr const char* run_prefix = "run.";
constexpr const char* result_prefix = "result.";

}  // namespace starling::layout
