// What translated PTX calls and needs no CUDA header: the registry, printf and assert, reports, halves.
#include "ptx_operations.hpp"

#include <cstdio>
#include <Eigen/Core>
#include <string>

namespace cuda_on_host::ptx {

std::map<std::string, Kernel>& kernels() {
  static std::map<std::string, Kernel> all;
  return all;
}
std::map<std::string, DeviceVariable>& device_variables() {
  static std::map<std::string, DeviceVariable> all;
  return all;
}

float half_to_float(u16 h) {
  return Eigen::half_impl::half_to_float(Eigen::half_impl::raw_uint16_to_half(h));
}
u16 float_to_half(float f) {
  return Eigen::half_impl::float_to_half_rtne(f).x;
}

void device_printf(u64 format) {
  std::fputs(reinterpret_cast<const char*>(format), stdout);
}

void device_assert(u64 message, u64 file, u32 line) {
  std::string what = std::string(reinterpret_cast<const char*>(file)) + ":" + std::to_string(line) +
                     ": assertion failed: " + reinterpret_cast<const char*>(message);
  fail(std::move(what));
}

u64 shared_address(u64 offset, u32 size, Site site) {
  offset &= 0xffffffffu;
  if (offset + size > shared_memory_size()) {
    std::string what = "access of " + std::to_string(size) + " bytes at shared address " +
                       std::to_string(static_cast<s32>(offset)) + " of " +
                       std::to_string(shared_memory_size()) + " at " + site.file + ":" +
                       std::to_string(site.line);
    fail(std::move(what));
  }
  return shared_pointer(offset);
}

void fail_misaligned(std::size_t size) {
  std::string what = "misaligned access of " + std::to_string(size) + " bytes";
  fail(std::move(what));
}

void whole_block(u32 threads) {
  if (threads != block_size.x * block_size.y * block_size.z) fail("barrier of a part of the block");
}

}  // namespace cuda_on_host::ptx
