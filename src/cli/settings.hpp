/// Everything that can be said about a fit, by flags or in a run file. There is one list of settings,
/// for_each_setting below: flags, help texts, the reader and the writer of run files all go through it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "starling/catalog.hpp"
#include "starling/fit.hpp"
#include "starling/model.hpp"
#include "starling/pairs.hpp"

namespace starling::cli {

/// What the user asked for, as text where the library has a parser for it.
struct Request {
  std::string catalog;     ///< path, "-" for standard input
  CatalogOptions columns;  ///< columns.sigma may still be a number: catalog_options() sorts that out
  std::string population = "normal";
  std::string measurement;                    ///< "": chosen by what the catalog holds
  std::string selection;                      ///< as parse_selection reads it
  bool rate = false;                          ///< the Poisson rate is a hyperparameter
  std::map<std::string, std::string> priors;  ///< by parameter, as "normal(0, 5)"
  std::string method;                         ///< "": joint, or marginal for posterior samples
  std::string moves;                          ///< "": the fit's default
  std::string until;                          ///< "": ends after its steps
  std::map<std::string, std::string> start;   ///< by parameter, as "center" or "center:spread"
  FitOptions fit;                             ///< the plain numbers among its members
  std::string output;
  bool overwrite = false, keep_warmup = false, keep_checkpoint = false;
};

/// Which settings a command takes, as flags that can be combined.
enum Group : unsigned {
  catalog_settings = 1,  ///< its path
  column_settings = 32,  ///< what to read from it
  model_settings = 2,
  likelihood_settings = 4,  ///< how ln L is computed
  sampling_settings = 8,
  output_settings = 16,
  all_settings = 63,
};

/// One setting: key `key` of table `table` in a run file, `flag` on the command line.
struct Setting {
  Group group;
  const char* table;
  const char* key;  ///< "": the whole table is one name = text map
  const char* flag;
  const char* value;  ///< what the help calls its value
  const char* help;
  bool negates = false;     ///< a flag without value that makes it false
  bool number_too = false;  ///< a text that a run file may also write as a number
  bool same_draws = false;  ///< has no effect on the draws, so it's no part of the record of a run
};

/// Calls visit(Setting, access) for every setting; access(request) is its member.
template <class Visit>
void for_each_setting(Visit&& visit) {
  using S = Setting;
  visit(
      S{catalog_settings, "catalog", "path", "CATALOG", "",
        "CSV, HDF5 or FITS file of the objects; - is CSV from standard input"},
      [](auto& r) -> auto& { return r.catalog; });
  visit(
      S{column_settings, "catalog", "x", "--x", "COLUMN", "measured values"},
      [](auto& r) -> auto& { return r.columns.x; });
  visit(
      S{column_settings, "catalog", "sigma", "--sigma", "COLUMN|NUMBER",
        "noise (standard deviation), a column or one number for all; default: column sigma, if there is one",
        false, true},
      [](auto& r) -> auto& { return r.columns.sigma; });
  visit(
      S{column_settings, "catalog", "weight", "--weight", "COLUMN",
        "weights of the objects; default: column weight, if there is one"},
      [](auto& r) -> auto& { return r.columns.weight; });
  visit(
      S{column_settings, "catalog", "id", "--id", "COLUMN",
        "names of the objects; default: column id, if there is one"},
      [](auto& r) -> auto& { return r.columns.id; });
  visit(
      S{column_settings, "catalog", "samples", "--samples", "DATASET",
        "HDF5: posterior samples of each object, [N, K], [N, K, P] as DATASET:COLUMN, or ragged with "
        "--offsets; FITS: a column of arrays"},
      [](auto& r) -> auto& { return r.columns.samples; });
  visit(
      S{column_settings, "catalog", "offsets", "--offsets", "DATASET",
        "HDF5: N + 1 offsets into ragged samples"},
      [](auto& r) -> auto& { return r.columns.offsets; });
  visit(
      S{column_settings, "catalog", "interim_prior", "--interim-prior", "PRIOR|DATASET",
        "prior under which the samples were drawn: its name, as 'normal(0, 10)', its density per sample, or "
        "log(DATASET), the logarithm of that; "
        "default: flat"},
      [](auto& r) -> auto& { return r.columns.interim_prior; });
  visit(
      S{column_settings, "catalog", "columns", "--column", "ROLE=COLUMN|NUMBER",
        "values in another role that the measurement knows, as trials=n, a column or one number for all; "
        "repeat "
        "for each",
        false, true},
      [](auto& r) -> auto& { return r.columns.columns; });
  visit(
      S{column_settings, "catalog", "mask", "--mask", "DATASET",
        "HDF5, FITS: integers or truth values; only rows where it isn't 0 are read"},
      [](auto& r) -> auto& { return r.columns.mask; });
  visit(
      S{column_settings, "catalog", "table", "--table", "DATASET",
        "HDF5: the table (compound dataset) whose columns are meant; FITS: the extension"},
      [](auto& r) -> auto& { return r.columns.table; });
  visit(
      S{column_settings, "catalog", "drop_bad_rows", "--drop-bad-rows", "",
        "leave out rows that are not finite or have sigma <= 0, and say which"},
      [](auto& r) -> auto& { return r.columns.drop_bad_rows; });
  visit(
      S{model_settings, "model", "population", "--population", "NAME", "population p(mu | theta)"},
      [](auto& r) -> auto& { return r.population; });
  visit(
      S{model_settings, "model", "measurement", "--measurement", "NAME",
        "measurement p(x | mu); default: samples with --samples, else normal"},
      [](auto& r) -> auto& { return r.measurement; });
  visit(
      S{model_settings, "model", "selection", "--selection", "SELECTION",
        "how objects were selected: threshold(X) on the measured value, logistic(CENTER, WIDTH) or "
        "table(FILE) "
        "for the true one, or injections(FILE, NUMBER)"},
      [](auto& r) -> auto& { return r.selection; });
  visit(
      S{model_settings, "model", "rate", "--rate", "",
        "the number of objects in the population, seen or not, is a hyperparameter (rate)"},
      [](auto& r) -> auto& { return r.rate; });
  visit(
      S{model_settings, "prior", "", "--prior", "NAME=PRIOR",
        "prior of a hyperparameter, as theta_mu='normal(0, 5)'; repeat for each"},
      [](auto& r) -> auto& { return r.priors; });
  visit(
      S{likelihood_settings, "fit", "method", "--method", "METHOD",
        "naive (points, noise ignored), marginal (latents integrated out) or joint (latents sampled); "
        "default: joint, for posterior samples marginal"},
      [](auto& r) -> auto& { return r.method; });
  visit(
      S{likelihood_settings, "fit", "integral", "--integral", "KIND",
        "marginal: exact, quadrature, samples, or auto (exact where it can be)"},
      [](auto& r) -> auto& { return r.fit.integral; });
  visit(
      S{likelihood_settings, "fit", "bias_correction", "--bias-correction", "KIND",
        "marginal, posterior samples: none, first-order (+ V / 2), jackknife, or gaussian (normal "
        "population, near-normal samples)"},
      [](auto& r) -> auto& { return r.fit.bias_correction; });
  visit(
      S{likelihood_settings, "fit", "tolerance", "--tolerance", "NUMBER",
        "error of one object's ln L by quadrature, or by nodes that stand for its posterior samples"},
      [](auto& r) -> auto& { return r.fit.quadrature_tolerance; });
  visit(
      S{likelihood_settings, "fit", "device", "--device", "DEVICE",
        "auto, cpu, cuda, cuda:K or reference (serial, double precision, slow)"},
      [](auto& r) -> auto& { return r.fit.device; });
  visit(
      S{likelihood_settings, "fit", "threads", "--threads", "NUMBER", "CPU threads; 0: all cores", false,
        false, true},
      [](auto& r) -> auto& { return r.fit.threads; });
  visit(
      S{sampling_settings, "fit", "ensembles", "--ensembles", "NUMBER", "independent ensembles of walkers"},
      [](auto& r) -> auto& { return r.fit.ensembles; });
  visit(
      S{sampling_settings, "fit", "walkers", "--walkers", "NUMBER",
        "walkers per ensemble, an even number; 0: four for each free hyperparameter, 16 at least"},
      [](auto& r) -> auto& { return r.fit.walkers; });
  visit(
      S{sampling_settings, "fit", "burn_in", "--burn-in", "NUMBER", "steps dropped at the start"},
      [](auto& r) -> auto& { return r.fit.burn_in; });
  visit(
      S{sampling_settings, "fit", "steps", "--steps", "NUMBER", "steps after the burn-in"},
      [](auto& r) -> auto& { return r.fit.steps; });
  visit(
      S{sampling_settings, "fit", "until", "--until", "CONDITIONS",
        "run on until the worst parameter has this, as ess=1000 or ess=1000,rhat=1.01; --steps is then the "
        "fewest"},
      [](auto& r) -> auto& { return r.until; });
  visit(
      S{sampling_settings, "fit", "max_steps", "--max-steps", "NUMBER",
        "the most steps that --until may take"},
      [](auto& r) -> auto& { return r.fit.max_steps; });
  visit(
      S{sampling_settings, "fit", "thin", "--thin", "NUMBER", "keep every so-many-th step"},
      [](auto& r) -> auto& { return r.fit.thin; });
  visit(
      S{output_settings, "output", "log_likelihood_every", "--log-likelihood-every", "NUMBER",
        "write ln L of every object for every so-many-th draw, for ArviZ's LOO and WAIC; 0: for none"},
      [](auto& r) -> auto& { return r.fit.log_likelihood_every; });
  visit(
      S{sampling_settings, "fit", "moves", "--moves", "MOVES",
        "moves on theta and their shares, as stretch or de=0.7,stretch=0.2,snooker=0.1; default: by method"},
      [](auto& r) -> auto& { return r.moves; });
  visit(
      S{sampling_settings, "fit", "moves_per_step", "--moves-per-step", "NUMBER",
        "moves on theta per step; 0: by method, and by what is accepted during burn-in"},
      [](auto& r) -> auto& { return r.fit.moves_per_step; });
  visit(
      S{sampling_settings, "fit", "stretch_scale", "--stretch-scale", "NUMBER",
        "a of the stretch move, above 1"},
      [](auto& r) -> auto& { return r.fit.stretch_scale; });
  visit(
      S{sampling_settings, "fit", "interweaving", "--no-interweaving", "",
        "joint: theta moves at fixed latents alone", true},
      [](auto& r) -> auto& { return r.fit.interweaving; });
  visit(
      S{sampling_settings, "fit", "latents", "--latents", "KIND",
        "joint: how latents are drawn, exact, metropolis, or auto (exact where it can be)"},
      [](auto& r) -> auto& { return r.fit.latents; });
  visit(
      S{sampling_settings, "fit", "latent_updates", "--latent-updates", "NUMBER",
        "Metropolis updates of each latent per step"},
      [](auto& r) -> auto& { return r.fit.latent_updates; });
  visit(
      S{sampling_settings, "fit", "start", "--start", "NAME=CENTER[:SPREAD]",
        "where walkers start, for each hyperparameter; default: wide around a quick estimate", false, true},
      [](auto& r) -> auto& { return r.start; });
  visit(
      S{sampling_settings, "fit", "seed", "--seed", "NUMBER", "seed of the random numbers"},
      [](auto& r) -> auto& { return r.fit.seed; });
  visit(
      S{output_settings, "output", "path", "--output,-o", "FILE", "chain file to write, as run.nc", false,
        false, true},
      [](auto& r) -> auto& { return r.output; });
  visit(
      S{output_settings, "output", "overwrite", "--overwrite", "", "replace that file if it exists", false,
        false, true},
      [](auto& r) -> auto& { return r.overwrite; });
  visit(
      S{output_settings, "output", "checkpoint_every", "--checkpoint-every", "SECONDS",
        "save the run's state so often, for starling resume; 0: only when it is interrupted", false, false,
        true},
      [](auto& r) -> auto& { return r.fit.checkpoint_every; });
  visit(
      S{output_settings, "output", "keep_checkpoint", "--keep-checkpoint", "",
        "keep journal and state after the run, so that starling resume --extend can add steps", false, false,
        true},
      [](auto& r) -> auto& { return r.keep_checkpoint; });
  visit(
      S{output_settings, "output", "keep_warmup", "--keep-warmup", "", "write the burn-in too"},
      [](auto& r) -> auto& { return r.keep_warmup; });
}

/// Reads text into a member of Request; `where` is what an error blames. Throws InputError.
void assign(std::string& member, const std::string& text, const std::string& where);
void assign(std::size_t& member, const std::string& text, const std::string& where);
void assign(int& member, const std::string& text, const std::string& where);
void assign(double& member, const std::string& text, const std::string& where);

/// Reads a run file (or the one kept in a chain file, where `path` ends in .nc) over `request`.
/// Throws InputError for what isn't TOML and for unknown tables, keys and values of the wrong kind.
void read_run_file(const std::filesystem::path& path, Request& request);
/// The same from text; errors blame `name`.
void read_run_text(const std::string& text, const std::string& name, Request& request);

/// The request as a run file. Without `all`, settings that have no effect on the draws are left out, so that
/// equal runs leave equal records.
std::string run_file_text(const Request& request, bool all);

/// The catalog's columns, with sigma as a column or a number, and with those that the measurement reads
/// beside them. Throws InputError for roles that the measurement has not.
CatalogOptions catalog_options(const Request& request);

/// The roles beside x and sigma of what a pair reads of a catalog.
std::vector<std::string> roles_of(const PairFacts& facts);
/// Throws InputError, which names the right ones, unless `role` is one of them.
void require_role(const std::string& role, const PairFacts& facts, const std::string& measurement,
                  const std::string& where);

}  // namespace starling::cli
