/// Running a fit under the eyes of a user.
#include "running.hpp"

#include <fmt/format.h>

#include <iostream>
#include <utility>

#include "interrupt.hpp"
#include "progress.hpp"
#include "starling/error.hpp"
#include "starling/summary.hpp"

namespace starling::cli {

namespace {

/// Draws of one parameter up to which a fit ends with its summary.
constexpr std::size_t most_draws_in_summary = 1'000'000;

}  // namespace

RecordingSink::RecordingSink(ChainSink& inner, std::string run_file, std::size_t sweeps)
    : inner_(inner), run_file_(std::move(run_file)), sweeps_(sweeps) {}

void RecordingSink::begin(const ChainHeader& header, const Catalog& catalog) {
  header_ = header;
  header_.attributes["run_file"] = run_file_;
  inner_.begin(header_, catalog);
  begun_ = true;
}

void RecordingSink::append(const ChainBlock& block) {
  inner_.append(block);
  sweeps_ = block.first_sweep + block.sweeps;
}

void RecordingSink::finish(const ChainResults& results) {
  inner_.finish(results);
  complete_ = results.complete;
}

void RecordingSink::checkpoint(const std::function<void(const SaveBytes&)>& save) {
  inner_.checkpoint(save);
}

int run_fit(const Problem& problem, RecordingSink& sink, const LoadBytes& state) {
  const Interrupts interrupts;
  ProgressReport report(to_string(problem.method) + " fit");
  auto options = problem.options;
  options.progress = [&](const Progress& progress) { report(progress); };
  options.note = [&](const std::string& text) {
    report.clear();
    note(text);
  };
  options.stop = interrupts.stop();
  fit(problem.model, problem.catalog, problem.method, options, sink, state);
  return sink.complete() ? 0 : interrupts.status();
}

void print_summary(const std::string& output, const ChainHeader& header, bool json) {
  if (!json && header.chains() * (header.steps / header.thin) > most_draws_in_summary) {
    // so that the memory of a fit does not grow with its length
    std::cout << output << '\n';
    note("a long chain; its table: starling summary " + output);
    return;
  }
  const auto result = summary(read_chain(output, ChainParts::draws));
  if (json) {
    std::cout << to_json(result) << '\n';
    note("wrote " + output);
  } else {
    std::cout << result << output << '\n';
  }
}

int run_to_file(const Problem& problem, RecordingSink& sink, const std::string& output, bool json,
                const LoadBytes& state) {
  int status = 0;
  try {
    status = run_fit(problem, sink, state);
  } catch (const RunError& error) {
    if (!sink.begun()) throw;
    throw RunError(
        fmt::format("{}; what was sampled is kept, starling resume {} goes on from the last checkpoint",
                    error.what(), output));
  }
  const auto& o = problem.options;
  if (status != 0) {
    note(fmt::format(
        "interrupted after step {} of {}; {} holds the draws so far, and this goes on: starling resume {}",
        sink.sweeps(), o.burn_in + o.most_steps(), output, output));
    return status;
  }
  if (o.until.any() && !json) note(fmt::format("the run ended after {} steps", sink.sweeps() - o.burn_in));
  print_summary(output, sink.header(), json);
  return 0;
}

}  // namespace starling::cli
