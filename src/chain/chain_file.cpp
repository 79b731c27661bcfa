/// The sink that writes a chain file by way of a journal.
#include "chain/chain_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <optional>

#include "catalog/files.hpp"
#include "chain/build.hpp"
#include "chain/journal.hpp"
#include "chain/kept.hpp"
#include "starling/chain.hpp"
#include "starling/error.hpp"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;

std::string now_utc() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S+00:00", &parts);
  return text;
}

class ChainFileSink : public ChainSink {
 public:
  ChainFileSink(std::filesystem::path path, const ChainFileOptions& options, const RebuildPolicy& policy)
      : path_(std::move(path)), journal_path_(path_), options_(options), policy_(policy) {
    journal_path_ += ".journal";
    check_writable(path_);
    check_writable(journal_path_);
    std::error_code error;
    if (std::filesystem::exists(path_, error) && !std::filesystem::is_regular_file(path_, error)) {
      throw InputError(
          fmt::format("{}: is not a regular file, expected the name of a chain file", path_.string()));
    }
  }

  void begin(const ChainHeader& header, const Catalog& catalog) override {
    check(header);
    header_ = header;
    next_sweep_ = 0;
    journal_.emplace(journal_path_,
                     JournalHead{header, kept_part(catalog, options_.observed_limit), catalog.size(),
                                 catalog.has_samples(), options_.keep_warmup, now_utc()});
    rebuild();
  }

  void append(const ChainBlock& block) override {
    check(block, header_, next_sweep_);
    journal_->append(block);
    next_sweep_ += block.sweeps;
    if (Clock::now() - rebuilt_at_ >
        std::max<Clock::duration>(policy_.shortest, policy_.share * rebuild_took_)) {
      rebuild();
    }
  }

  void finish(const ChainResults& results) override {
    journal_->append(results);
    rebuild();
    journal_->remove();
    journal_.reset();
  }

 private:
  void rebuild() {
    const auto start = Clock::now();
    const std::size_t sweeps = build_chain_file(journal_path_, path_);
    if (sweeps != next_sweep_) {
      throw RunError(fmt::format("{}: holds {} sweeps, expected {}: it was changed while the run wrote it",
                                 journal_path_.string(), sweeps, next_sweep_));
    }
    rebuilt_at_ = Clock::now();
    rebuild_took_ = rebuilt_at_ - start;
  }

  std::filesystem::path path_, journal_path_;
  ChainFileOptions options_;
  RebuildPolicy policy_;
  ChainHeader header_;
  std::size_t next_sweep_ = 0;
  std::optional<JournalWriter> journal_;
  Clock::time_point rebuilt_at_{};
  Clock::duration rebuild_took_{};
};

}  // namespace

std::unique_ptr<ChainSink> chain_file(const std::filesystem::path& path, const ChainFileOptions& options,
                                      const RebuildPolicy& policy) {
  return std::make_unique<ChainFileSink>(path, options, policy);
}

std::unique_ptr<ChainSink> chain_file(const std::filesystem::path& path, const ChainFileOptions& options) {
  return chain_file(path, options, RebuildPolicy{});
}

}  // namespace starling
