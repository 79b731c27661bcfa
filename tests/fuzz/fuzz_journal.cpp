// What a stopped run leaves: a journal and a checkpoint. Checksums are set right, so that what they guard is
// read. The input: four bytes, how long the journal is; the journal; the checkpoint.
#include <algorithm>
#include <boost/crc.hpp>
#include <cstring>

#include "cli/settings.hpp"
#include "input.hpp"
#include "starling/chain.hpp"

namespace {

constexpr std::size_t kSignature = 8, kRecordHeader = 16;

std::uint32_t crc32(const std::string& bytes, std::size_t begin, std::size_t size) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data() + begin, size);
  return crc.checksum();
}

/// Gives every record of a journal its checksum; that of the first one.
std::uint32_t mend_journal(std::string& journal) {
  std::uint32_t first = 0;
  for (std::size_t at = kSignature; at + kRecordHeader <= journal.size();) {
    std::uint64_t length = 0;
    std::memcpy(&length, journal.data() + at + 8, sizeof length);
    if (length > journal.size() - at - kRecordHeader) break;
    const std::uint32_t checksum = crc32(journal, at + kRecordHeader, length);
    std::memcpy(journal.data() + at + 4, &checksum, sizeof checksum);
    if (at == kSignature) first = checksum;
    at += kRecordHeader + length;
  }
  return first;
}

/// Makes a checkpoint one of that run.
void mend_checkpoint(std::string& checkpoint, std::uint32_t run) {
  if (checkpoint.size() < kSignature + 16) return;
  std::memcpy(checkpoint.data() + kSignature, &run, sizeof run);
  const std::size_t end = checkpoint.size() - 4;
  const std::uint32_t checksum = crc32(checkpoint, 0, end);
  std::memcpy(checkpoint.data() + end, &checksum, sizeof checksum);
}

/// As it is asked of a run that goes on, up to the fit.
void go_on(const std::filesystem::path& path) {
  const auto run = starling::stopped_run(path);
  const auto text = run->header().attributes.find("run_file");
  starling::cli::Request request;
  if (text != run->header().attributes.end())
    fuzz::read([&] { starling::cli::read_run_text(text->second, "run_file", request); });
  if (const auto state = run->state()) {
    char piece[8];
    fuzz::read([&] {
      for (int i = 0; i < 1000; ++i) state(piece, sizeof piece);
    });
  }
  if (run->complete()) {
    run->close();
    static_cast<void>(starling::read_chain(path));
    return;
  }
  run->sink().begin(run->header(), run->observed());
  run->sink().finish({});
  static_cast<void>(starling::read_chain(path));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  std::size_t length = 0;
  for (int i = 0; i < 4; ++i) length = length << 8 | input.byte();
  std::string journal = input.rest(), checkpoint;
  length = std::min(length, journal.size());
  checkpoint = journal.substr(length);
  journal.resize(length);
  mend_checkpoint(checkpoint, mend_journal(journal));
  const auto path = fuzz::folder() / "run.nc";
  std::filesystem::remove(path);
  fuzz::file_of("run.nc.journal", journal);
  fuzz::file_of("run.nc.checkpoint", checkpoint);
  fuzz::read([&] { go_on(path); });
  return 0;
}
