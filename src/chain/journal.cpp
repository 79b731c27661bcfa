/// The journal: an 8-byte signature, then records of kind, CRC-32, length and payload.
#include "chain/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/crc.hpp>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>

#include "chain/bytes.hpp"
#include "starling/error.hpp"

namespace starling {
namespace {

constexpr char signature[8] = {'S', 't', 'a', 'r', 'l', 'J', '0', '2'};
enum Kind : std::uint32_t { kind_head = 1, kind_block = 2, kind_results = 3 };

struct RecordHeader {
  std::uint32_t kind, checksum;
  std::uint64_t length;
};

std::uint32_t crc32(const std::string& bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

// One list of fields per record: `action` puts or gets each.
template <class Head, class Action>
void each_field(Head& head, Action action) {
  auto& h = head.header;
  action(h.method), action(h.population), action(h.measurement), action(h.integral), action(h.latent_update);
  action(h.parameters), action(h.priors), action(h.ensembles), action(h.walkers), action(h.burn_in);
  action(h.steps), action(h.thin), action(h.seed), action(h.interweaving), action(h.device),
      action(h.attributes);
  auto& o = head.observed;
  action(o.x), action(o.sigma), action(o.weight), action(o.id), action(o.columns);
  action(o.source), action(o.hash);
  action(head.objects), action(head.has_samples), action(head.keep_warmup), action(head.created_at);
}

template <class Block, class Action>
void each_field_of_block(Block& block, Action action) {
  action(block.first_sweep), action(block.sweeps), action(block.theta), action(block.theta_centred);
  action(block.lp), action(block.acceptance);
}

template <class Results, class Action>
void each_field_of_results(Results& results, Action action) {
  action(results.complete), action(results.steps), action(results.latents.mean), action(results.latents.sd);
  auto& m = results.monte_carlo;
  action(m.variance), action(m.expected_bias);
  action(results.attributes);
}

std::string bytes_of(const JournalHead& head) {
  ByteWriter out;
  each_field(head, [&](const auto& field) { out.put(field); });
  return out.bytes();
}

std::string bytes_of(const ChainBlock& block) {
  ByteWriter out;
  each_field_of_block(block, [&](const auto& field) { out.put(field); });
  return out.bytes();
}

std::string bytes_of(const ChainResults& results) {
  ByteWriter out;
  each_field_of_results(results, [&](const auto& field) { out.put(field); });
  out.put(std::uint64_t{results.monte_carlo.worst.size()});
  for (const auto& o : results.monte_carlo.worst) {
    out.put(o.index), out.put(o.variance), out.put(o.n_eff), out.put(o.samples), out.put(o.needed);
  }
  return out.bytes();
}

void visit(const RecordHeader& record, const std::string& payload, const JournalVisitor& visitor) {
  ByteReader in(payload);
  const auto get = [&](auto& field) { in.get(field); };
  if (record.kind == kind_head) {
    JournalHead head;
    each_field(head, get);
    if (visitor.head) visitor.head(head);
  } else if (record.kind == kind_block) {
    ChainBlock block;
    each_field_of_block(block, get);
    if (visitor.block) visitor.block(block);
  } else if (record.kind == kind_results) {
    ChainResults results;
    each_field_of_results(results, get);
    std::uint64_t worst = 0;
    in.get(worst);
    for (; worst > 0; --worst) {
      auto& o = results.monte_carlo.worst.emplace_back();
      in.get(o.index), in.get(o.variance), in.get(o.n_eff), in.get(o.samples), in.get(o.needed);
    }
    if (visitor.results) visitor.results(results);
  } else {
    throw std::out_of_range(fmt::format("a record of unknown kind {}", record.kind));
  }
}

}  // namespace

JournalWriter::JournalWriter(const std::filesystem::path& path, const JournalHead& head) : path_(path) {
  file_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file_ < 0)
    throw RunError(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)));
  try {
    if (flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      throw InputError(fmt::format("{}: another run is writing it", path.string()));
    }
    if (ftruncate(file_, 0) != 0) {
      throw RunError(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)));
    }
    write(signature, sizeof signature);
    record(kind_head, bytes_of(head));
  } catch (...) {
    close(file_);
    throw;
  }
}

JournalWriter::~JournalWriter() {
  if (file_ >= 0) close(file_);
}

void JournalWriter::append(const ChainBlock& block) {
  record(kind_block, bytes_of(block));
}
void JournalWriter::append(const ChainResults& results) {
  record(kind_results, bytes_of(results));
}

void JournalWriter::remove() {
  if (unlink(path_.c_str()) != 0) {
    throw RunError(fmt::format("{}: cannot be removed: {}", path_.string(), std::strerror(errno)));
  }
  close(file_);
  file_ = -1;
}

void JournalWriter::record(std::uint32_t kind, const std::string& payload) {
  const RecordHeader header{kind, crc32(payload), payload.size()};
  write(&header, sizeof header);
  write(payload.data(), payload.size());
}

void JournalWriter::write(const void* data, std::size_t size) {
  const char* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const auto written = ::write(file_, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      throw RunError(fmt::format("{}: cannot be written: {}", path_.string(), std::strerror(errno)));
    }
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
}

void read_journal(const std::filesystem::path& path, const JournalVisitor& visitor) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw RunError(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  const std::uint64_t size = std::filesystem::file_size(path);
  char begin[sizeof signature] = {};
  file.read(begin, sizeof begin);
  if (!file || std::memcmp(begin, signature, sizeof signature) != 0) {
    throw InputError(fmt::format("{}: is not a journal of a run", path.string()));
  }
  std::string payload;
  for (std::uint64_t at = sizeof signature; at + sizeof(RecordHeader) <= size;) {
    RecordHeader record{};
    file.read(reinterpret_cast<char*>(&record), sizeof record);
    if (record.length > size - at - sizeof record) return;  // torn
    payload.resize(record.length);
    file.read(payload.data(), static_cast<std::streamsize>(record.length));
    if (!file) throw RunError(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
    const auto damaged = [&](const std::string& why) {
      return InputError(fmt::format("{}: is damaged at byte {}: {}", path.string(), at, why));
    };
    if (crc32(payload) != record.checksum) throw damaged("the checksum of a record is wrong");
    try {
      visit(record, payload, visitor);
    } catch (const std::out_of_range& error) {
      throw damaged(error.what());
    }
    at += sizeof record + record.length;
  }
}

}  // namespace starling
