/// What kernels call: built-in variables, barriers, warp collectives, atomics.
#pragma once

#include <algorithm>
#include <atomic>
#include <type_traits>

#include "types.h"

inline constexpr const uint3& threadIdx = cuda_on_host::thread_index;
inline constexpr const uint3& blockIdx = cuda_on_host::block_index;
inline constexpr const uint3& blockDim = cuda_on_host::block_size;
inline constexpr const uint3& gridDim = cuda_on_host::grid_size;
inline constexpr int warpSize = 32;

// As the default of a parameter, these are the caller's file and line.
#define CUDA_ON_HOST_SITE \
  cuda_on_host::Site site = {__builtin_FILE(), static_cast<unsigned>(__builtin_LINE())}

// ---- barriers

inline void __syncthreads(CUDA_ON_HOST_SITE) {
  cuda_on_host::sync_block(false, 0, site);
}
inline int __syncthreads_count(int predicate, CUDA_ON_HOST_SITE) {
  return cuda_on_host::sync_block(predicate != 0, 0, site);
}
inline int __syncthreads_or(int predicate, CUDA_ON_HOST_SITE) {
  return cuda_on_host::sync_block(predicate != 0, 0, site) != 0;
}
inline int __syncthreads_and(int predicate, CUDA_ON_HOST_SITE) {
  return cuda_on_host::sync_block(predicate == 0, 0, site) == 0;
}
inline void __syncwarp(unsigned mask = 0xffffffffu, CUDA_ON_HOST_SITE) {
  cuda_on_host::warp_op(cuda_on_host::WarpOp::sync, mask, nullptr, nullptr, 0, 0, site);
}
inline void __threadfence() {
  std::atomic_signal_fence(std::memory_order_seq_cst);
}
inline void __threadfence_block() {
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

// ---- warp collectives

namespace cuda_on_host {

template <class T>
T shuffle(unsigned mask, T value, int source, Site site) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 16);
  T result;
  warp_op(WarpOp::shuffle, mask, &value, &result, sizeof value, source, site);
  return result;
}

template <class T>
unsigned collect(WarpOp op, unsigned mask, T value, Site site) {
  unsigned result = 0;
  warp_op(op, mask, &value, &result, sizeof value, 0, site);
  return result;
}

inline int first_of_segment(int width) {
  return static_cast<int>(lane()) & ~(width - 1);
}
inline int last_of_segment(int width) {
  return static_cast<int>(lane()) | (width - 1);
}

}  // namespace cuda_on_host

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, CUDA_ON_HOST_SITE) {
  return cuda_on_host::shuffle(mask, value, cuda_on_host::first_of_segment(width) | (source & (width - 1)),
                               site);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, CUDA_ON_HOST_SITE) {
  const int lane = static_cast<int>(cuda_on_host::lane()), source = lane - static_cast<int>(delta);
  return cuda_on_host::shuffle(mask, value, source < cuda_on_host::first_of_segment(width) ? lane : source,
                               site);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, CUDA_ON_HOST_SITE) {
  const int lane = static_cast<int>(cuda_on_host::lane()), source = lane + static_cast<int>(delta);
  return cuda_on_host::shuffle(mask, value, source > cuda_on_host::last_of_segment(width) ? lane : source,
                               site);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32, CUDA_ON_HOST_SITE) {
  const int lane = static_cast<int>(cuda_on_host::lane()), source = lane ^ lanes;
  return cuda_on_host::shuffle(mask, value, source > cuda_on_host::last_of_segment(width) ? lane : source,
                               site);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, CUDA_ON_HOST_SITE) {
  return cuda_on_host::collect(cuda_on_host::WarpOp::ballot, mask, unsigned{predicate != 0}, site);
}
inline int __any_sync(unsigned mask, int predicate, CUDA_ON_HOST_SITE) {
  return cuda_on_host::collect(cuda_on_host::WarpOp::ballot, mask, unsigned{predicate != 0}, site) != 0;
}
inline int __all_sync(unsigned mask, int predicate, CUDA_ON_HOST_SITE) {
  return cuda_on_host::collect(cuda_on_host::WarpOp::ballot, mask, unsigned{predicate == 0}, site) == 0;
}
template <class T>
unsigned __match_any_sync(unsigned mask, T value, CUDA_ON_HOST_SITE) {
  return cuda_on_host::collect(cuda_on_host::WarpOp::match_any, mask, value, site);
}
template <class T>
unsigned __match_all_sync(unsigned mask, T value, int* all_same, CUDA_ON_HOST_SITE) {
  const unsigned lanes = cuda_on_host::collect(cuda_on_host::WarpOp::match_all, mask, value, site);
  *all_same = lanes != 0;
  return lanes;
}
inline unsigned __reduce_add_sync(unsigned mask, unsigned value, CUDA_ON_HOST_SITE) {
  return cuda_on_host::collect(cuda_on_host::WarpOp::add, mask, value, site);
}
inline unsigned __reduce_max_sync(unsigned mask, unsigned value, CUDA_ON_HOST_SITE) {
  return cuda_on_host::collect(cuda_on_host::WarpOp::max_u, mask, value, site);
}
inline unsigned __reduce_min_sync(unsigned mask, unsigned value, CUDA_ON_HOST_SITE) {
  return cuda_on_host::collect(cuda_on_host::WarpOp::min_u, mask, value, site);
}
inline unsigned __activemask() {
  return cuda_on_host::active_mask();
}

// ---- atomics: relaxed, as CUDA's

namespace cuda_on_host {

template <class T>
using Same = std::type_identity_t<T>;  // the first argument alone says what T is

template <class T, class Combine>
T atomic_update(T* address, Combine combine) {
  const std::atomic_ref<T> place(*address);
  T old = place.load(std::memory_order_relaxed);
  while (!place.compare_exchange_weak(old, combine(old), std::memory_order_relaxed)) {
  }
  return old;
}

}  // namespace cuda_on_host

template <class T>
T atomicAdd(T* address, cuda_on_host::Same<T> value) {
  return std::atomic_ref<T>(*address).fetch_add(value, std::memory_order_relaxed);
}
template <class T>
T atomicSub(T* address, cuda_on_host::Same<T> value) {
  return std::atomic_ref<T>(*address).fetch_sub(value, std::memory_order_relaxed);
}
template <class T>
T atomicExch(T* address, cuda_on_host::Same<T> value) {
  return std::atomic_ref<T>(*address).exchange(value, std::memory_order_relaxed);
}
template <class T>
T atomicCAS(T* address, cuda_on_host::Same<T> expected, cuda_on_host::Same<T> value) {
  std::atomic_ref<T>(*address).compare_exchange_strong(expected, value, std::memory_order_relaxed);
  return expected;
}
template <class T>
T atomicOr(T* address, cuda_on_host::Same<T> value) {
  return std::atomic_ref<T>(*address).fetch_or(value, std::memory_order_relaxed);
}
template <class T>
T atomicAnd(T* address, cuda_on_host::Same<T> value) {
  return std::atomic_ref<T>(*address).fetch_and(value, std::memory_order_relaxed);
}
template <class T>
T atomicXor(T* address, cuda_on_host::Same<T> value) {
  return std::atomic_ref<T>(*address).fetch_xor(value, std::memory_order_relaxed);
}
template <class T>
T atomicMax(T* address, cuda_on_host::Same<T> value) {
  return cuda_on_host::atomic_update(address, [value](T old) { return std::max(old, value); });
}
template <class T>
T atomicMin(T* address, cuda_on_host::Same<T> value) {
  return cuda_on_host::atomic_update(address, [value](T old) { return std::min(old, value); });
}
