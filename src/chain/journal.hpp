/// The journal of a run: everything that its chain file is made of, appended as it comes, each record with a
/// checksum. docs/file-formats.md describes the bytes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
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
  std::string created_at;  ///< ISO 8601, UTC
};

/// Appends records. Each append is handed to the system before it returns, so that it outlives the process.
class JournalWriter {
 public:
  /// Begins a new journal, in place of any old one. Throws InputError if another run is writing it, RunError
  /// if the disk refuses, as every append does.
  JournalWriter(const std::filesystem::path& path, const JournalHead& head);
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  void append(const ChainBlock& block);
  void append(const ChainResults& results);
  void remove();  ///< deletes the file; nothing may be appended afterwards

 private:
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
};

/// Walks through the whole records of a journal, one in memory at a time; a torn one at the end (a crash
/// while it was written) ends the walk. Throws InputError if the file is no journal, or damaged before its
/// end; RunError if it can't be read.
void read_journal(const std::filesystem::path& path, const JournalVisitor& visitor);

}  // namespace starling
