/// The journal: an 8-byte signature, then records of kind, CRC-32, length and payload.
#include "chain/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <utility>

#include "chain/bytes.hpp"
#include "chain/checksum.hpp"
#include "chain/kept.hpp"
#include "starling/error.hpp"

namespace starling {
namespace {

constexpr char signature[8] = {'S', 't', 'a', 'r', 'l', 'J', '0', '3'};
enum Kind : std::uint32_t { kind_head = 1, kind_block = 2, kind_results = 3, kind_plan = 4 };

struct RecordHeader {
  std::uint32_t kind, checksum;
  std::uint64_t length;
};

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
  action(head.keep_checkpoint);
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
  if (!block.log_likelihood.empty()) out.put(block.log_likelihood);
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

std::string bytes_of(const JournalPlan& plan) {
  ByteWriter out;
  out.put(plan.steps), out.put(plan.attributes);
  return out.bytes();
}

/// What a record must fit to.
struct Before {
  std::optional<ChainHeader> header;
  std::size_t sweeps = 0;
};

/// Throws std::out_of_range where a record is not as it can be.
void visit(const RecordHeader& record, const std::string& payload, const JournalVisitor& visitor,
           Before& before) {
  ByteReader in(payload);
  const auto get = [&](auto& field) { in.get(field); };
  const auto refuse = [](const std::string& wrong) {
    if (!wrong.empty()) throw std::out_of_range(wrong);
  };
  if (before.header.has_value() == (record.kind == kind_head))
    refuse(before.header ? "a second head" : "a record before the head");
  if (record.kind == kind_head) {
    JournalHead head;
    each_field(head, get);
    refuse(complaint(head.header));
    before.header = head.header;
    if (visitor.head) visitor.head(head);
  } else if (record.kind == kind_block) {
    ChainBlock block;
    each_field_of_block(block, get);
    if (!in.ended()) get(block.log_likelihood);
    refuse(complaint(block, *before.header, before.sweeps));
    before.sweeps += block.sweeps;
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
  } else if (record.kind == kind_plan) {
    JournalPlan plan;
    get(plan.steps), get(plan.attributes);
    if (visitor.plan) visitor.plan(plan);
  } else {
    throw std::out_of_range(fmt::format("a record of unknown kind {}", record.kind));
  }
}

}  // namespace

JournalWriter::JournalWriter(const std::filesystem::path& path, Open how) : path_(path) {
  for (;;) {
    file_ = open(path.c_str(), O_RDWR | O_CLOEXEC | (how == Open::create ? O_CREAT : 0), 0666);
    if (file_ < 0) fail("opened");
    if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
      const bool busy = errno == EWOULDBLOCK;
      close(std::exchange(file_, -1));
      if (busy)
        throw RunError(
            fmt::format("{}: another process is writing this run; wait for its end, or name another "
                        "output file",
                        path.string()));
      fail("locked");
    }
    struct stat opened {
    }, there{};
    if (fstat(file_, &opened) == 0 && stat(path.c_str(), &there) == 0 && opened.st_ino == there.st_ino)
      return;
    close(std::exchange(file_, -1));  // the run that had it has just ended and removed it
  }
}

std::uint32_t JournalWriter::begin(const JournalHead& head) {
  cut(0);
  write(signature, sizeof signature);
  const std::string payload = bytes_of(head);
  record(kind_head, payload);
  return checksum_of(payload.data(), payload.size());
}

void JournalWriter::cut(std::uint64_t size) {
  const auto end = static_cast<off_t>(size);
  if (ftruncate(file_, end) != 0 || lseek(file_, end, SEEK_SET) != end) fail("written");
}

void JournalWriter::flush() {
  if (fdatasync(file_) != 0) fail("flushed to the disk");
}

void JournalWriter::fail(const char* what) const {
  throw RunError(fmt::format("{}: cannot be {}: {}", path_.string(), what, std::strerror(errno)));
}

JournalWriter::~JournalWriter() {
  if (file_ >= 0) close(file_);
}

void JournalWriter::append(const ChainBlock& block) {
  record(kind_block, bytes_of(block));
}
void JournalWriter::append(const JournalPlan& plan) {
  record(kind_plan, bytes_of(plan));
}
void JournalWriter::append(const ChainResults& results) {
  record(kind_results, bytes_of(results));
}

void JournalWriter::remove() {
  if (unlink(path_.c_str()) != 0) fail("removed");
  close(file_);
  file_ = -1;
}

void JournalWriter::record(std::uint32_t kind, const std::string& payload) {
  const RecordHeader header{kind, checksum_of(payload.data(), payload.size()), payload.size()};
  write(&header, sizeof header);
  write(payload.data(), payload.size());
}

void JournalWriter::write(const void* data, std::size_t size) {
  const char* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const auto written = ::write(file_, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("written");
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
}

namespace {

/// A walk through the whole records. `after`, if it is set, hears of each record and where it ends, and
/// makes damage an end like a torn record.
void walk(const std::filesystem::path& path, const JournalVisitor& visitor,
          const std::function<void(const RecordHeader&, std::uint64_t end)>& after) {
  std::ifstream file(path, std::ios::binary);
  const auto unreadable = [&] {
    return RunError(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  };
  if (!file) throw unreadable();
  const std::uint64_t size = std::filesystem::file_size(path);
  char begin[sizeof signature] = {};
  file.read(begin, sizeof begin);
  if (!file || std::memcmp(begin, signature, sizeof signature) != 0) {
    throw InputError(fmt::format("{}: is not a journal of a run", path.string()));
  }
  std::string payload;
  Before before;
  for (std::uint64_t at = sizeof signature; at + sizeof(RecordHeader) <= size;) {
    RecordHeader record{};
    file.read(reinterpret_cast<char*>(&record), sizeof record);
    if (!file) throw unreadable();
    if (record.length > size - at - sizeof record) return;  // torn
    payload.resize(record.length);
    file.read(payload.data(), static_cast<std::streamsize>(record.length));
    if (!file) throw unreadable();
    std::string wrong;
    if (checksum_of(payload.data(), payload.size()) != record.checksum) {
      wrong = "the checksum of a record is wrong";
    } else {
      try {
        visit(record, payload, visitor, before);
      } catch (const std::out_of_range& error) {
        wrong = error.what();
      }
    }
    if (!wrong.empty()) {
      if (after) return;
      throw InputError(fmt::format("{}: is damaged at byte {}: {}", path.string(), at, wrong));
    }
    at += sizeof record + record.length;
    if (after) after(record, at);
  }
}

}  // namespace

void read_journal(const std::filesystem::path& path, const JournalVisitor& visitor) {
  walk(path, visitor, {});
}

JournalScan scan_journal(const std::filesystem::path& path) {
  JournalScan scan;
  std::size_t sweeps = 0;
  JournalVisitor visitor;
  visitor.head = [&](const JournalHead& head) { scan.head = head; };
  visitor.block = [&](const ChainBlock& block) { sweeps += block.sweeps; };
  visitor.results = [&](const ChainResults& results) {
    scan.complete = results.complete;
    if (scan.head && results.complete && results.steps > 0) scan.head->header.steps = results.steps;
  };
  visitor.plan = [&](const JournalPlan& plan) {
    if (!scan.head) return;
    scan.head->header.steps = plan.steps;
    for (const auto& [name, text] : plan.attributes) scan.head->header.attributes[name] = text;
  };
  walk(path, visitor, [&](const RecordHeader& record, std::uint64_t end) {
    if (record.kind == kind_head) scan.run = record.checksum;
    if (record.kind != kind_results) scan.ends[sweeps] = end;
  });
  return scan;
}

}  // namespace starling
