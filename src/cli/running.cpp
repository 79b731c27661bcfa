/// Running a fit under the eyes of a user.
#include "running.hpp"

#include <utility>

#include "interrupt.hpp"
#include "progress.hpp"

namespace starling::cli {

RecordingSink::RecordingSink(ChainSink& inner, std::string run_file)
    : inner_(inner), run_file_(std::move(run_file)) {}

void RecordingSink::begin(const ChainHeader& header, const Catalog& catalog) {
  auto recorded = header;
  recorded.attributes["run_file"] = run_file_;
  begun_ = true;
  inner_.begin(recorded, catalog);
}

void RecordingSink::append(const ChainBlock& block) {
  inner_.append(block);
  sweeps_ = block.first_sweep + block.sweeps;
}

void RecordingSink::finish(const ChainResults& results) {
  inner_.finish(results);
  complete_ = results.complete;
}

int run_fit(const Problem& problem, RecordingSink& sink) {
  const Interrupts interrupts;
  ProgressReport report(to_string(problem.method) + " fit");
  auto options = problem.options;
  options.progress = [&](const Progress& progress) { report(progress); };
  options.note = [&](const std::string& text) {
    report.clear();
    note(text);
  };
  options.stop = interrupts.stop();
  fit(problem.model, problem.catalog, problem.method, options, sink);
  return sink.complete() ? 0 : interrupts.status();
}

}  // namespace starling::cli
