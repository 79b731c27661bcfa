// Chain files: one that is as it should be, but for what the bytes change in it. Zeros change nothing.
#include <netcdf.h>

#include <algorithm>
#include <sstream>

#include "catalog/hdf5_library.hpp"
#include "input.hpp"
#include "starling/chain.hpp"
#include "starling/summary.hpp"

namespace {

using fuzz::Input;

/// Writes a group; each thing may be left out, or be of another type, size or value than it should be.
class Maker {
 public:
  Maker(int group, Input& in) : id_(group), in_(in) {}

  void text(const char* name, std::string value) {
    switch (change()) {
      case 1:
        return;
      case 2:
        value = in_.text(40);
        break;
      case 3:
        return integer(name, 3);
      case 4: {
        const char* texts[] = {value.c_str(), nullptr, ""};
        nc_put_att_string(id_, NC_GLOBAL, name, in_.below(4), texts);
        return;
      }
      default:
        break;
    }
    nc_put_att_text(id_, NC_GLOBAL, name, value.size(), value.data());
  }

  void texts(const char* name, std::vector<std::string> values) {
    switch (change()) {
      case 1:
        return;
      case 2:
        values[in_.below(values.size())] = in_.text(8);
        break;
      case 3:
        values.resize(in_.below(4));
        break;
      case 4:
        return text(name, "x");
      default:
        break;
    }
    std::vector<const char*> pointers;
    for (const auto& value : values) pointers.push_back(value.c_str());
    if (in_.below(32) == 31 && !pointers.empty()) pointers.back() = nullptr;
    nc_put_att_string(id_, NC_GLOBAL, name, pointers.size(), pointers.data());
  }

  void integer(const char* name, std::int64_t value) {
    constexpr std::int64_t kOthers[] = {-1, 0, 1, 3, 1 << 20, std::int64_t{1} << 32, std::int64_t{1} << 62};
    signed char small = static_cast<signed char>(value);
    switch (change()) {
      case 1:
        return;
      case 2:
        value = in_.one_of(kOthers);
        break;
      case 3:
        nc_put_att_schar(id_, NC_GLOBAL, name, NC_BYTE, 1, &small);
        return;
      case 4:
        value = static_cast<std::int64_t>(in_.word());
        break;
      default:
        break;
    }
    const long long wide = value;
    nc_put_att_longlong(id_, NC_GLOBAL, name, NC_INT64, 1, &wide);
  }

  void truth(const char* name, bool value) {
    if (change() == 1) return;
    const signed char small = value ? 1 : static_cast<signed char>(in_.byte());
    nc_put_att_schar(id_, NC_GLOBAL, name, NC_BYTE, 1, &small);
  }

  void seed(std::uint64_t value) {
    if (change() == 1) return;
    const unsigned long long wide = value;
    nc_put_att_ulonglong(id_, NC_GLOBAL, "seed", NC_UINT64, 1, &wide);
  }

  /// None if the group is left out.
  Maker group(const char* name) {
    int id = -1;
    if (change() != 1) nc_def_grp(id_, name, &id);
    return {id, in_};
  }

  int dimension(const char* name, std::size_t size) {
    constexpr std::size_t kOthers[] = {0, 1, 2, 3, 5, 100, std::size_t{1} << 20, std::size_t{1} << 40};
    int id = -1;
    switch (change()) {
      case 1:
        return -1;
      case 2:
        size = in_.one_of(kOthers);
        break;
      case 3:
        size = NC_UNLIMITED;
        break;
      default:
        break;
    }
    nc_def_dim(id_, name, size, &id);
    return id;
  }

  void variable(const char* name, std::vector<int> dimensions, nc_type type) {
    switch (change()) {
      case 1:
        return;
      case 2:
        if (!dimensions.empty()) dimensions.pop_back();
        break;
      case 3:
        type = in_.one_of({NC_FLOAT, NC_DOUBLE, NC_STRING, NC_INT64, NC_CHAR, NC_INT});
        break;
      case 4:
        if (!dimensions.empty()) std::reverse(dimensions.begin(), dimensions.end());
        break;
      default:
        break;
    }
    int id = -1;
    if (nc_def_var(id_, name, type, static_cast<int>(dimensions.size()), dimensions.data(), &id) != NC_NOERR)
      return;
    std::size_t count = 1;
    for (const int dimension : dimensions) {
      std::size_t size = 0;
      nc_inq_dimlen(id_, dimension, &size);
      count *= std::min<std::size_t>(size, 1000);
    }
    if (count == 0 || count > 500 || change() == 1) return;  // it reads as the value that stands for none
    if (type == NC_STRING) {
      std::vector<const char*> texts(count, "a");
      if (in_.below(8) == 7) texts[0] = nullptr;
      nc_put_var_string(id_, id, texts.data());
    } else if (type == NC_DOUBLE) {
      std::vector<double> values(count);
      for (std::size_t i = 0; i < count; ++i) values[i] = 0.25 * static_cast<double>(i % 7) + 0.5;
      if (change() == 2) values[in_.below(std::min<std::size_t>(count, 256))] = in_.number();
      nc_put_var_double(id_, id, values.data());
    } else {
      std::vector<long long> values(count, in_.byte());
      nc_put_var_longlong(id_, id, values.data());
    }
  }

 private:
  /// 0: none, most of the time.
  int change() {
    const int byte = in_.byte();
    return byte < 192 ? 0 : byte % 8;
  }

  int id_;
  Input& in_;
};

void make(int file, Input& in) {
  Maker root(file, in);
  const int what = in.byte();
  const bool joint = what & 1;
  root.integer("starling_chain_version", 1);
  root.text("method", joint ? "joint" : "marginal");
  root.text("population", "normal");
  root.text("measurement", "normal");
  root.text("integral", "exact");
  root.text("latent_update", "exact");
  root.texts("parameters", {"theta_mu", "theta_sigma"});
  root.texts("priors", {"normal(0, 5)", "uniform(0, 2)"});
  for (const auto& [name, value] :
       {std::pair{"ensembles", 2}, {"walkers", 2}, {"burn_in", 1}, {"steps", 4}, {"thin", 1}})
    root.integer(name, value);
  root.seed(1);
  root.truth("interweaving", true);
  root.text("device", "cpu");
  root.text("run.run_file", "[model]\n");
  root.text("run.until", "ess=10");
  root.text("result.nan_proposals", "0");
  root.text("result.sandwich_sd", "1 2");
  root.text("result.effective_objects", "3");
  root.text("result.outside_proposals", "0.5");
  root.text("result.detected_fraction", "0.5");
  root.text("result.selection_variance", "0.5");
  root.text("result.injections_n_eff", "100");
  root.text("result.injections_needed", "10");
  root.truth("complete", true);
  Maker posterior = root.group("posterior");
  int chain = posterior.dimension("chain", 4), draw = posterior.dimension("draw", 4);
  posterior.variable("theta_mu", {chain, draw}, NC_DOUBLE);
  posterior.variable("theta_sigma", {chain, draw}, NC_DOUBLE);
  Maker stats = root.group("sample_stats");
  chain = stats.dimension("chain", 4), draw = stats.dimension("draw", 4);
  stats.variable("lp", {chain, draw}, NC_DOUBLE);
  stats.variable("acceptance_rate", {chain, draw}, NC_FLOAT);
  if (joint) {
    Maker replay = root.group("replay");
    const std::vector<int> shape{replay.dimension("sweep", 5), replay.dimension("chain", 4),
                                 replay.dimension("parameter", 2)};
    replay.variable("theta", shape, NC_DOUBLE);
    replay.variable("theta_centred", shape, NC_DOUBLE);
    Maker latents = root.group("latent_moments");
    const int object = latents.dimension("object", 3);
    latents.variable("mean", {object}, NC_DOUBLE);
    latents.variable("sd", {object}, NC_DOUBLE);
  }
  Maker observed = root.group("observed_data");
  observed.text("source", "t.csv");
  observed.text("hash", "abc");
  const int object = observed.dimension("object", 3);
  observed.variable("x", {object}, NC_DOUBLE);
  observed.variable("sigma", what & 4 ? std::vector<int>{} : std::vector<int>{object}, NC_DOUBLE);
  if (what & 8) observed.variable("weight", {object}, NC_DOUBLE);
  if (what & 16) observed.variable("id", {object}, NC_STRING);
  if (what & 32) {
    observed.texts("columns", {"trials"});
    observed.variable("column_trials", {object}, NC_DOUBLE);
  }
  if (what & 2) {
    Maker error = root.group("monte_carlo");
    const int worst = error.dimension("worst", 2), parameter = error.dimension("parameter", 2);
    error.variable("variance", {}, NC_DOUBLE);
    error.variable("expected_bias", {parameter}, NC_DOUBLE);
    error.variable("worst_object", {worst}, NC_INT64);
    for (const char* name : {"worst_variance", "worst_n_eff", "worst_samples", "worst_needed"})
      error.variable(name, {worst}, NC_DOUBLE);
  }
}

void require_whole(const starling::Chain& chain) {
  const auto& h = chain.header;
  const std::size_t values = h.chains() * chain.draws, d = h.parameters.size();
  fuzz::require(d > 0 && h.priors.size() == d, "every parameter has a prior");
  fuzz::require(
      chain.theta.size() == d * values && chain.lp.size() == values && chain.acceptance.size() == values,
      "draws are as many as the header says");
  fuzz::require(chain.sweep_theta.size() == chain.sweep_theta_centred.size(), "sweeps are there twice");
  const auto& bias = chain.results.monte_carlo.expected_bias;
  fuzz::require(bias.empty() || bias.size() == d, "every parameter has a bias");
  fuzz::require(chain.results.latents.mean.size() == chain.results.latents.sd.size(),
                "latents have mean and sd");
  const auto& o = chain.observed;
  const auto fits = [&](const auto& some) { return some.empty() || some.size() == o.size(); };
  fuzz::require(fits(o.weight) && fits(o.id) && (o.sigma.size() == 1 || fits(o.sigma)),
                "columns are of one length");
  for (const auto& [role, some] : o.columns)
    fuzz::require(some.size() == o.size(), "a role is of another length");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  starling::prepare_hdf5();
  Input in(data, size);
  const auto path = fuzz::folder() / "run.nc";
  int file = -1;
  if (nc_create(path.c_str(), NC_NETCDF4 | NC_CLOBBER, &file) != NC_NOERR) return 0;
  make(file, in);
  if (nc_close(file) != NC_NOERR) return 0;
  fuzz::read([&] {
    const auto chain = starling::read_chain(path);
    require_whole(chain);
    std::ostringstream text;
    text << summary(chain) << to_json(summary(chain));
  });
  return 0;
}
