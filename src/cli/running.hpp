/// Running a fit under the eyes of a user: progress, Ctrl-C, and the record of what was asked.
#pragma once

#include <optional>
#include <string>

#include "problem.hpp"
#include "starling/chain.hpp"

namespace starling::cli {

/// Passes a run on to another sink, with `run_file` among the header's attributes, and remembers how it
/// ended.
class RecordingSink : public ChainSink {
 public:
  RecordingSink(ChainSink& inner, std::string run_file);
  void begin(const ChainHeader& header, const Catalog& catalog) override;
  void append(const ChainBlock& block) override;
  void finish(const ChainResults& results) override;

  [[nodiscard]] bool begun() const { return begun_; }
  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] std::size_t sweeps() const { return sweeps_; }  ///< burn-in included

 private:
  ChainSink& inner_;
  std::string run_file_;
  bool begun_ = false, complete_ = false;
  std::size_t sweeps_ = 0;
};

/// Runs the fit into `sink`, with progress on stderr; the first Ctrl-C or SIGTERM ends it after the current
/// step. Returns 0, or the exit status (130, 143) of an interrupted run.
int run_fit(const Problem& problem, RecordingSink& sink);

}  // namespace starling::cli
