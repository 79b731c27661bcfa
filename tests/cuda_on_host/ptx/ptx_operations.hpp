/// What the output of ptx2cpp.py needs: registers, memory, warp collectives and atomics (arithmetic:
/// ptx_arithmetic.hpp), and the registry of kernels by their mangled names.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ptx_arithmetic.hpp"

namespace cuda_on_host::ptx {

// ---- the registry

struct Parameter {
  std::size_t offset, size;
};
struct Kernel {
  void (*run)(const unsigned char* parameters);
  std::size_t static_shared;
  unsigned max_threads;
  std::size_t parameter_bytes;
  std::vector<Parameter> parameters;
};
struct DeviceVariable {
  void* address;
  std::size_t size;
};
std::map<std::string, Kernel>& kernels();
std::map<std::string, DeviceVariable>& device_variables();
inline void register_kernel(const char* name, Kernel kernel) {
  kernels()[name] = std::move(kernel);
}
inline void register_variable(const char* name, void* address, std::size_t size) {
  device_variables()[name] = {address, size};
}

void device_printf(u64 format);
[[noreturn]] void device_assert(u64 message, u64 file, u32 line);

// ---- memory

/// Address of an offset into shared memory, unchecked (generic pointers).
inline u64 shared_pointer(u64 offset) {
  return reinterpret_cast<u64>(shared_memory()) + (offset & 0xffffffffu);
}
/// The same for an access of `size` bytes, which must be inside.
u64 shared_address(u64 offset, u32 size, Site site);
inline bool in_shared(u64 address) {
  return address - shared_pointer(0) < shared_memory_size();
}

void fail_misaligned(std::size_t size);
inline void check_aligned(u64 address, std::size_t size) {
  if (address % size != 0) fail_misaligned(size);
}
template <class T>
T load(u64 address) {
  return *reinterpret_cast<const T*>(address);
}
template <class T>
void store(u64 address, T value) {
  *reinterpret_cast<T*>(address) = value;
}

// ---- threads of a block, lanes of a warp

inline void warp_sync(u32 mask, Site site) {
  warp_op(WarpOp::sync, mask, nullptr, nullptr, 0, 0, site);
}
/// Named barriers of a part of the block are not there.
void whole_block(u32 threads);

template <class T>
u32 collect(WarpOp op, u32 mask, T value, Site site) {
  u32 result = 0;
  warp_op(op, mask, &value, &result, sizeof value, 0, site);
  return result;
}
inline u32 ballot(u32 mask, bool predicate, Site site) {
  return collect(WarpOp::ballot, mask, u32{predicate}, site);
}
template <class T>
u32 match_any(u32 mask, T value, Site site) {
  return collect(WarpOp::match_any, mask, value, site);
}
template <class T>
u32 match_all(u32 mask, T value, Site site) {
  return collect(WarpOp::match_all, mask, value, site);
}
inline u32 reduce(WarpOp op, u32 mask, u32 value, Site site) {
  return collect(op, mask, value, site);
}

enum class Shuffle { up, down, bfly, idx };
/// shfl.sync: `b` is the lane or distance, `c` holds the clamp (bits 0..4) and the segment mask (bits 8..12).
template <Shuffle kMode>
u32 shuffle(u32 value, u32 b, u32 c, u32 mask, bool& in_range, Site site) {
  const u32 me = lane(), segment = c >> 8 & 31, clamp = c & 31;
  const s32 last = static_cast<s32>((me & segment) | (clamp & ~segment & 31));
  const u32 first = me & segment;
  b &= 31;
  s32 source = 0;
  switch (kMode) {
    case Shuffle::up:
      source = static_cast<s32>(me) - static_cast<s32>(b);
      break;
    case Shuffle::down:
      source = static_cast<s32>(me + b);
      break;
    case Shuffle::bfly:
      source = static_cast<s32>(me ^ b);
      break;
    case Shuffle::idx:
      source = static_cast<s32>(first | (b & ~segment));
      break;
  }
  in_range = kMode == Shuffle::up ? source >= last : source <= last;
  u32 result = 0;
  warp_op(WarpOp::shuffle, mask, &value, &result, sizeof value, in_range ? source : static_cast<s32>(me),
          site);
  return result;
}

// ---- atomics: relaxed

enum class Atomic { add, min, max, and_, or_, xor_, exch, cas, inc, dec };

template <Atomic kOp, class T>
T atomic_result(T old, T v) {
  if constexpr (kOp == Atomic::add) {
    if constexpr (std::is_floating_point_v<T>) {
      return old + v;
    } else {
      return static_cast<T>(static_cast<std::make_unsigned_t<T>>(old) +
                            static_cast<std::make_unsigned_t<T>>(v));
    }
  } else if constexpr (kOp == Atomic::min) {
    return std::min(old, v);
  } else if constexpr (kOp == Atomic::max) {
    return std::max(old, v);
  } else if constexpr (kOp == Atomic::and_) {
    return old & v;
  } else if constexpr (kOp == Atomic::or_) {
    return old | v;
  } else if constexpr (kOp == Atomic::xor_) {
    return old ^ v;
  } else if constexpr (kOp == Atomic::exch) {
    return v;
  } else if constexpr (kOp == Atomic::inc) {
    return old >= v ? T{0} : static_cast<T>(old + 1);
  } else {
    static_assert(kOp == Atomic::dec);
    return old == 0 || old > v ? v : static_cast<T>(old - 1);
  }
}

/// The old value. cas: `v` is what is expected, `replacement` what it then becomes.
template <Atomic kOp, class T>
T atomic(u64 address, T v, T replacement = T{}) {
  check_aligned(address, sizeof(T));
  const std::atomic_ref<T> place(*reinterpret_cast<T*>(address));
  if constexpr (kOp == Atomic::cas) {
    place.compare_exchange_strong(v, replacement, std::memory_order_relaxed);
    return v;
  } else {
    T old = place.load(std::memory_order_relaxed);
    while (!place.compare_exchange_weak(old, atomic_result<kOp>(old, v), std::memory_order_relaxed)) {
    }
    return old;
  }
}

}  // namespace cuda_on_host::ptx
