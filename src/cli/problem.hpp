/// From a request to what the library takes: catalog, model, method, options.
#pragma once

#include <string>

#include "settings.hpp"
#include "starling/catalog.hpp"
#include "starling/chain.hpp"
#include "starling/fit.hpp"
#include "starling/model.hpp"
#include "text.hpp"

namespace starling::cli {

struct Problem {
  Catalog catalog;
  Model model;
  Method method;
  FitOptions options;
};

/// Reads the catalog and resolves the model. What the user should know goes to stderr.
/// Throws InputError, for missing priors one that shows how to write them.
Problem prepare(const Request& request);
/// The same with a catalog that was read already.
Problem prepare(const Request& request, Catalog catalog);

/// The catalog alone; notes go to stderr.
Catalog load_catalog(const Request& request);
/// The catalog of the run in the chain file `run`, whose source and hash `kept` has, read again from where it
/// was or from `moved_to`. Throws InputError if it is not there, or changed.
Catalog catalog_of_run(Request& request, const Catalog& kept, const std::string& run,
                       const std::string& moved_to);
/// The catalog that was fitted: the chain file's own copy, or read again from where it came from.
Catalog fitted_catalog(const Chain& chain, const std::string& run, const std::string& moved_to);
/// What was asked for when a run was begun, as far as its header keeps it (the attribute run_file).
Request request_of(const ChainHeader& header, const std::string& run);
/// The measurement that was asked for, or the one that goes with the catalog's columns.
std::string measurement_for(const Request& request, const Catalog& catalog);
/// The priors that were given, for some or all of `parameters`. Throws InputError.
Priors parse_priors(const Request& request, const std::vector<Parameter>& parameters);
/// Values of the parameters whose prior is fixed.
NamedValues fixed_values(const Model& model);

/// One line on stderr: "starling: TEXT".
void note(const std::string& text);

}  // namespace starling::cli
