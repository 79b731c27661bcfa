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
  RecordingSink(ChainSink& inner, std::string run_file, std::size_t sweeps = 0);
  void begin(const ChainHeader& header, const Catalog& catalog) override;
  void append(const ChainBlock& block) override;
  void finish(const ChainResults& results) override;
  void checkpoint(const std::function<void(const SaveBytes&)>& save) override;
  [[nodiscard]] bool keeps_last_checkpoint() const override { return inner_.keeps_last_checkpoint(); }

  [[nodiscard]] bool begun() const { return begun_; }
  [[nodiscard]] const ChainHeader& header() const { return header_; }  ///< once it has begun
  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] std::size_t sweeps() const { return sweeps_; }  ///< burn-in included

 private:
  ChainSink& inner_;
  std::string run_file_;
  ChainHeader header_;
  bool begun_ = false, complete_ = false;
  std::size_t sweeps_;
};

/// Runs the fit into `sink`, with progress on stderr; the first Ctrl-C or SIGTERM ends it after the current
/// step. Returns 0, or the exit status (130, 143) of an interrupted run.
int run_fit(const Problem& problem, RecordingSink& sink, const LoadBytes& state = {});

/// The same for the chain file `output`, and what is said at the end: the summary, or how to go on.
int run_to_file(const Problem& problem, RecordingSink& sink, const std::string& output, bool json,
                const LoadBytes& state = {});
/// Prints the summary of the chain file `output` with this header, at the end of a run.
void print_summary(const std::string& output, const ChainHeader& header, bool json);

}  // namespace starling::cli
