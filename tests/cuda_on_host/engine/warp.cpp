// Warp collectives: lanes meet, and each gets its result.
#include <algorithm>
#include <cstring>
#include <utility>

#include "block.hpp"

namespace cuda_on_host {
namespace {

unsigned lanes_of_warp(unsigned warp) {
  return static_cast<unsigned>(std::min<std::size_t>(kWarp, block.threads.size() - warp * kWarp));
}

Thread* warp_begin(unsigned warp) {
  return &block.threads[warp * kWarp];
}

bool in_mask(unsigned mask, unsigned lane) {
  return (mask >> lane & 1) != 0;
}

// Whether every lane of the mask that has not exited waits in a collective of that mask.
bool all_arrived(unsigned warp, unsigned mask) {
  const Thread* threads = warp_begin(warp);
  for (unsigned l = 0; l < lanes_of_warp(warp); ++l) {
    if (!in_mask(mask, l) || threads[l].state == State::done) continue;
    if (threads[l].state != State::in_warp_op || threads[l].mask != mask) return false;
  }
  return true;
}

std::uint32_t word(const Thread& thread) {
  std::uint32_t value;
  std::memcpy(&value, thread.in, sizeof value);
  return value;
}

std::uint32_t combine(WarpOp op, std::uint32_t a, std::uint32_t b) {
  const auto sa = static_cast<std::int32_t>(a), sb = static_cast<std::int32_t>(b);
  switch (op) {
    case WarpOp::add:
      return a + b;
    case WarpOp::and_:
      return a & b;
    case WarpOp::or_:
      return a | b;
    case WarpOp::xor_:
      return a ^ b;
    case WarpOp::min_u:
      return std::min(a, b);
    case WarpOp::max_u:
      return std::max(a, b);
    case WarpOp::min_s:
      return static_cast<std::uint32_t>(std::min(sa, sb));
    case WarpOp::max_s:
      return static_cast<std::uint32_t>(std::max(sa, sb));
    default:
      return a;
  }
}

void check_same_collective(const Thread& thread, const Thread& first) {
  const bool same_place = !options.check_divergence || thread.site.line == first.site.line;
  if (thread.op == first.op && thread.size == first.size && same_place) return;
  std::string what = "warp collective at " + text(thread.site) + " by " + name(thread) +
                     " meets another one at " + text(first.site) + " by " + name(first);
  fail(std::move(what));
}

// What the lanes that are here have in common.
struct Meeting {
  unsigned here = 0;    // lanes
  unsigned ballot = 0;  // lanes with a value that is not zero
  unsigned parity = 0;
  std::uint32_t reduced = 0;
  bool all_same = true;
};

Meeting meet(unsigned warp, unsigned mask) {
  Thread* threads = warp_begin(warp);
  Meeting m;
  Thread* first = nullptr;
  for (unsigned l = 0; l < lanes_of_warp(warp); ++l) {
    Thread& t = threads[l];
    if (!in_mask(mask, l) || t.state != State::in_warp_op || t.mask != mask) continue;
    m.here |= 1u << l;
    m.reduced = first ? combine(t.op, m.reduced, word(t)) : word(t);
    if (!first) first = &t;
    check_same_collective(t, *first);
    if (word(t) != 0) m.ballot |= 1u << l;
    if (std::memcmp(t.in, first->in, t.size) != 0) m.all_same = false;
    m.parity |= (t.sync_count & 1) << l;
  }
  return m;
}

unsigned lanes_with_same_value(const Thread& thread, unsigned here) {
  const Thread* threads = warp_begin(thread.warp);
  unsigned same = 0;
  for (unsigned l = 0; l < lanes_of_warp(thread.warp); ++l) {
    if (in_mask(here, l) && std::memcmp(threads[l].in, thread.in, thread.size) == 0) same |= 1u << l;
  }
  return same;
}

void put_result(Thread& thread, const Meeting& m) {
  const Thread* threads = warp_begin(thread.warp);
  std::memset(thread.out, 0xff, sizeof thread.out);
  std::uint32_t result = m.reduced;
  switch (thread.op) {
    case WarpOp::sync:
      thread.sync_parity = m.parity;
      return;
    case WarpOp::shuffle:
      if (in_mask(m.here, static_cast<unsigned>(thread.source))) {
        std::memcpy(thread.out, threads[thread.source].in, thread.size);
      }
      return;
    case WarpOp::ballot:
      result = m.ballot;
      break;
    case WarpOp::match_any:
      result = lanes_with_same_value(thread, m.here);
      break;
    case WarpOp::match_all:
      result = m.all_same ? m.here : 0;
      break;
    default:
      break;
  }
  std::memcpy(thread.out, &result, sizeof result);
}

void complete(unsigned warp, unsigned mask) {
  const Meeting m = meet(warp, mask);
  Thread* threads = warp_begin(warp);
  for (unsigned l = 0; l < lanes_of_warp(warp); ++l) {
    if (in_mask(m.here, l)) put_result(threads[l], m);
  }
  for (unsigned l = 0; l < lanes_of_warp(warp); ++l) {
    if (!in_mask(m.here, l)) continue;
    if (&threads[l] == current) {
      threads[l].state = State::ready;
    } else {
      make_ready(threads[l]);
    }
  }
}

}  // namespace

void complete_after_exits() {
  for (Thread& t : block.threads) {
    if (t.state == State::in_warp_op && all_arrived(t.warp, t.mask)) complete(t.warp, t.mask);
  }
}

void warp_op(WarpOp op, unsigned mask, const void* in, void* out, std::size_t size, int source, Site site) {
  const Unseen unseen;
  Thread& me = *current;
  me.site = site;
  if (!in_mask(mask, me.lane)) {
    std::string what = "warp collective at " + text(site) + ": " + name(me) + " (lane " +
                       std::to_string(me.lane) + ") is not in its own mask " + hex(mask);
    fail(std::move(what));
  }
  me.op = op;
  me.mask = mask;
  me.source = source & 31;
  me.size = size;
  std::memset(me.in, 0, sizeof me.in);
  if (size > 0) std::memcpy(me.in, in, size);
  me.state = State::in_warp_op;
  if (op == WarpOp::sync) {
    ++me.sync_count;
    tsan_release(&me.sync_token[me.sync_count & 1]);
  }
  if (!all_arrived(me.warp, mask)) {
    reschedule();
  } else {
    complete(me.warp, mask);
    if (options.order == Order::shuffled) {  // another lane may go first
      make_ready(me);
      reschedule();
    }
  }
  if (op == WarpOp::sync) {
    for (unsigned l = 0; l < lanes_of_warp(me.warp); ++l) {
      if (in_mask(mask, l)) tsan_acquire(&warp_begin(me.warp)[l].sync_token[me.sync_parity >> l & 1]);
    }
  }
  if (out) std::memcpy(out, me.out, op == WarpOp::shuffle ? size : sizeof(std::uint32_t));
}

unsigned active_mask() {
  return 1u << current->lane;
}

}  // namespace cuda_on_host
