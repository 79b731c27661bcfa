/// The sink that writes a chain file by way of a journal, and goes on with one that was left.
#include "chain/chain_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <optional>
#include <tuple>
#include <utility>

#include "catalog/files.hpp"
#include "chain/build.hpp"
#include "chain/checkpoint.hpp"
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

std::filesystem::path journal_of(std::filesystem::path path) {
  path += ".journal";
  return path;
}

/// Throws InputError unless a run with the header `now`, from the catalog, is the run of the journal.
void check_same_run(const std::filesystem::path& path, const JournalHead& then, const ChainHeader& now,
                    const Catalog& catalog) {
  const ChainHeader& h = then.header;
  const auto other = [&](const std::string& what) {
    return InputError(fmt::format("{}: this run can't go on: {}", path.string(), what));
  };
  if (catalog.hash != then.observed.hash || catalog.size() != then.objects)
    throw other(fmt::format("the catalog {} has changed: SHA-256 {}, expected {}", catalog.source,
                            catalog.hash, then.observed.hash));
  const auto text_of = [](const ChainHeader& x, const char* name) {
    const auto found = x.attributes.find(name);
    return found == x.attributes.end() ? std::string() : found->second;
  };
  const auto same_text = [&](const char* name) { return text_of(h, name) == text_of(now, name); };
  if (!same_text("arithmetic"))
    throw other(
        fmt::format("it computed on {}, and {} rounds otherwise; name a device of the same kind with "
                    "--device (the CPU and CUDA are one kind, reference is another)",
                    h.device, now.device));
  if (!same_text("starling_version"))
    throw other(fmt::format("it was begun by Starling {}, this is {}", text_of(h, "starling_version"),
                            text_of(now, "starling_version")));
  const auto all = [](const ChainHeader& x) {
    return std::tie(x.method, x.population, x.measurement, x.integral, x.latent_update, x.parameters,
                    x.priors, x.ensembles, x.walkers, x.burn_in, x.steps, x.thin, x.seed, x.interweaving);
  };
  bool same = all(h) == all(now);
  for (const char* name : {"moves", "moves_per_step", "stretch_scale", "start_center", "start_spread",
                           "scheme", "latent_updates", "log_likelihood_every", "bias_correction"})
    same = same && same_text(name);
  if (!same) throw other("its options have changed");
}

class ChainFileSink : public ChainSink {
 public:
  ChainFileSink(std::filesystem::path path, const ChainFileOptions& options, const RebuildPolicy& policy)
      : path_(std::move(path)), journal_path_(journal_of(path_)), options_(options), policy_(policy) {
    check_writable(path_);
    check_writable(journal_path_);
    std::error_code error;
    if (std::filesystem::exists(path_, error) && !std::filesystem::is_regular_file(path_, error)) {
      throw InputError(
          fmt::format("{}: is not a regular file, expected the name of a chain file", path_.string()));
    }
  }

  /// Goes on with a run after `sweeps` sweeps, with which its journal ends at byte `end`.
  ChainFileSink(std::filesystem::path path, std::unique_ptr<JournalWriter> journal, const JournalScan& scan,
                std::size_t sweeps, std::optional<JournalPlan> extension)
      : path_(std::move(path)),
        journal_path_(journal_of(path_)),
        head_(*scan.head),
        run_(scan.run),
        next_sweep_(sweeps),
        journal_(std::move(journal)),
        end_(scan.ends.at(sweeps)),
        extension_(std::move(extension)) {}

  void begin(const ChainHeader& header, const Catalog& catalog) override {
    check(header);
    if (journal_) {
      go_on(header, catalog);
    } else {
      begin_new(header, catalog);
    }
  }

  void append(const ChainBlock& block) override {
    check(block, head_.header, next_sweep_);
    journal_->append(block);
    next_sweep_ += block.sweeps;
    if (Clock::now() - rebuilt_at_ >
        std::max<Clock::duration>(policy_.shortest, policy_.share * rebuild_took_)) {
      rebuild();
    }
  }

  void checkpoint(const std::function<void(const SaveBytes&)>& save) override {
    journal_->flush();  // a checkpoint is of no use without the sweeps before it
    write_checkpoint(path_, {run_, next_sweep_}, save);
  }

  bool keeps_last_checkpoint() const override { return head_.keep_checkpoint; }

  void finish(const ChainResults& results) override {
    journal_->append(results);
    rebuild();
    if (results.complete && !head_.keep_checkpoint) {
      remove_checkpoints(path_);
      journal_->remove();
    }
    journal_.reset();
  }

 private:
  void begin_new(const ChainHeader& header, const Catalog& catalog) {
    head_ = {header,
             kept_part(catalog, options_.observed_limit),
             catalog.size(),
             catalog.has_samples(),
             options_.keep_warmup,
             now_utc(),
             options_.keep_checkpoint};
    next_sweep_ = 0;
    journal_ = std::make_unique<JournalWriter>(journal_path_, JournalWriter::Open::create);
    remove_checkpoints(path_);
    run_ = journal_->begin(head_);
    rebuild();
  }

  /// The chain file, which may hold more draws than are kept, stays until there is something new.
  void go_on(const ChainHeader& header, const Catalog& catalog) {
    check_same_run(path_, head_, header, catalog);
    journal_->cut(end_);
    if (extension_) journal_->append(*extension_);
    if (header.device != head_.header.device)
      journal_->append(JournalPlan{head_.header.steps, {{"resumed_on", header.device}}});
    std::error_code error;
    if (!std::filesystem::exists(path_, error)) rebuild();
    rebuilt_at_ = Clock::now();
  }

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
  JournalHead head_;
  std::uint32_t run_ = 0;
  std::size_t next_sweep_ = 0;
  std::unique_ptr<JournalWriter> journal_;
  std::uint64_t end_ = 0;
  std::optional<JournalPlan> extension_;
  Clock::time_point rebuilt_at_{};
  Clock::duration rebuild_took_{};
};

class StoppedRunFile : public StoppedRun {
 public:
  explicit StoppedRunFile(std::filesystem::path path) : path_(std::move(path)) {
    const auto journal = journal_of(path_);
    std::error_code error;
    if (!std::filesystem::exists(journal, error)) throw InputError(why_none());
    journal_ = std::make_unique<JournalWriter>(journal, JournalWriter::Open::existing);
    scan_ = scan_journal(journal);
    if (!scan_.head)
      throw InputError(fmt::format("{}: the run was killed before it began; start it again with starling fit",
                                   journal.string()));
    found_ = find_checkpoint(
        path_, scan_.run, [&](std::uint64_t sweeps) { return scan_.ends.contains(sweeps); }, notes_);
  }

  const ChainHeader& header() const override { return scan_.head->header; }
  const Catalog& observed() const override { return scan_.head->observed; }
  std::size_t sweeps() const override { return found_ ? found_->sweeps : 0; }
  bool complete() const override { return scan_.complete; }
  const std::vector<std::string>& notes() const override { return notes_; }

  void extend(std::size_t steps, const std::map<std::string, std::string>& attributes) override {
    if (!found_)
      throw InputError(fmt::format(
          "{}: there is no checkpoint from which this run could be extended; fit with --keep-checkpoint",
          path_.string()));
    extension_ = JournalPlan{steps, attributes};
    scan_.head->header.steps = steps;
    for (const auto& [name, text] : attributes) scan_.head->header.attributes[name] = text;
  }

  void close() override {
    build_chain_file(journal_of(path_), path_);
    if (scan_.head->keep_checkpoint) return;
    remove_checkpoints(path_);
    journal_->remove();
  }

  ChainSink& sink() override {
    if (!sink_) sink_.emplace(path_, std::move(journal_), scan_, sweeps(), extension_);
    return *sink_;
  }

  LoadBytes state() override { return found_ ? found_->state : LoadBytes{}; }

 private:
  [[nodiscard]] std::string why_none() const {
    std::error_code error;
    if (!std::filesystem::exists(path_, error))
      return fmt::format("{}: there is no such run, neither its file nor its journal", path_.string());
    const bool complete = read_chain(path_, ChainParts::header).results.complete;
    return complete ? fmt::format(
                          "{}: this run is finished; a run that was fitted with --keep-checkpoint can "
                          "be extended with --extend",
                          path_.string())
                    : fmt::format("{}: its journal {} is gone, without which it can't go on", path_.string(),
                                  journal_of(path_).string());
  }

  std::filesystem::path path_;
  std::unique_ptr<JournalWriter> journal_;
  JournalScan scan_;
  std::optional<FoundCheckpoint> found_;
  std::vector<std::string> notes_;
  std::optional<JournalPlan> extension_;
  std::optional<ChainFileSink> sink_;
};

}  // namespace

std::unique_ptr<ChainSink> chain_file(const std::filesystem::path& path, const ChainFileOptions& options,
                                      const RebuildPolicy& policy) {
  return std::make_unique<ChainFileSink>(path, options, policy);
}

std::unique_ptr<ChainSink> chain_file(const std::filesystem::path& path, const ChainFileOptions& options) {
  return chain_file(path, options, RebuildPolicy{});
}

std::unique_ptr<StoppedRun> stopped_run(const std::filesystem::path& path) {
  return std::make_unique<StoppedRunFile>(path);
}

}  // namespace starling
