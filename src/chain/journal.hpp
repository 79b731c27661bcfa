/// The journal of a run: everything that its chain file is made of, appended as it comes, each record with a
/// checksum. docs/file-formats.md describes the bytes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "starling/chain.hpp"

namespace starling {

/// The first record: what is known before the first sweep.
struct JournalHead {
  ChainHeader header;
  Catalog observed;  ///< as kept beside the chain
  std::size_t objects = 0;
  bool has_samples = false;  ///< the catalog had posterior samples; they are not kept
  bool keep_warmup = false;
  std::string created_at;        ///< ISO 8601, UTC
  bool keep_checkpoint = false;  ///< journal and checkpoint stay after the run
};

/// What a run that goes on changes of its header.
struct JournalPlan {
  std::size_t steps = 0;
  std::map<std::string, std::string> attributes;  ///< in place of those of the same name
};

/// Appends records. Each append is handed to the system before it returns, so that it outlives the process.
class JournalWriter {
 public:
  enum class Open { create, existing };
  /// Opens the file and locks it: no other process can write it meanwhile. Throws RunError if one does, or if
  /// the disk refuses, as every append does.
  JournalWriter(const std::filesystem::path& path, Open how);
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  /// Begins a new journal in place of what there is. Returns the number of the run (see JournalScan).
  std::uint32_t begin(const JournalHead& head);
  /// Goes on after the first `size` bytes.
  void cut(std::uint64_t size);
  void append(const ChainBlock& block);
  void append(const JournalPlan& plan);
  void append(const ChainResults& results);
  void flush();   ///< to the disk
  void remove();  ///< deletes the file; nothing may be appended afterwards

 private:
  [[noreturn]] void fail(const char* what) const;
  void write(const void* data, std::size_t size);
  void record(std::uint32_t kind, const std::string& payload);

  std::filesystem::path path_;
  int file_ = -1;
};

/// What a walk through a journal calls, in the order of its records.
struct JournalVisitor {
  std::function<void(const JournalHead&)> head;
  std::function<void(const ChainBlock&)> block;
  std::function<void(const ChainResults&)> results;
  std::function<void(const JournalPlan&)> plan = {};
};

/// Walks through the whole records of a journal, one in memory at a time; a torn one at the end (a crash
/// while it was written) ends the walk. Throws InputError if the file is no journal, or damaged before its
/// end; RunError if it can't be read.
void read_journal(const std::filesystem::path& path, const JournalVisitor& visitor);

/// What a journal holds up to its first record that is torn or damaged.
struct JournalScan {
  std::optional<JournalHead> head;  ///< none: the journal ends before it; with the plans worked in
  std::uint32_t run = 0;            ///< checksum of the head, which tells this run from others
  bool complete = false;            ///< the results of a whole run are there
  /// Sweeps -> where the journal of so many sweeps ends. 0 is after the head.
  std::map<std::size_t, std::uint64_t> ends;
};
JournalScan scan_journal(const std::filesystem::path& path);

}  // namespace starling
