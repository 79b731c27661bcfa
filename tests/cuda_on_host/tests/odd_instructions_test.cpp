// The translator on instructions that nvcc writes seldom: odd_instructions.ptx, written by hand. Expectations
// follow from the PTX ISA's definitions.
#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <vector>

#include "cuda_on_host/ptx/ptx_operations.hpp"

namespace cuda_on_host {
namespace {

struct Expected {
  const char* what;
  std::uint32_t result;
};
constexpr Expected kExpected[] = {{"lop3 xor", 0x96969696u},
                                  {"lop3 majority", 0xe8e8e8e8u},
                                  {"prmt", 0x55114400u},
                                  {"prmt, sign of a byte", 0x808080ffu},
                                  {"bfe.u32", 0x456u},
                                  {"bfe.s32", 0xffffffffu},
                                  {"bfe.s32 past the end", 0xfffffff8u},
                                  {"bfi", 0xffffabffu},
                                  {"bfind.u32", 0x17u},
                                  {"bfind.shiftamt.s32", 0x18u},
                                  {"bfind of nothing", 0xffffffffu},
                                  {"shf.l.wrap", 0x23456788u},
                                  {"shf.r.clamp", 0x12345678u},
                                  {"addc after a carry", 0xcu},
                                  {"addc after none", 0xbu},
                                  {"subc after a borrow", 0x2u},
                                  {"mad.lo.cc", 0x1u},
                                  {"madc.hi", 0xcu},
                                  {"mul.hi.s32", 0xffffffffu},
                                  {"mul.hi.u32", 0x3fffffffu},
                                  {"mul.wide.s32, upper half", 0xffffffffu},
                                  {"cvt.rni of 2.5", 0x2u},
                                  {"cvt.rzi of -2.75", 0xfffffffeu},
                                  {"cvt.rmi of -2.25", 0xfffffffdu},
                                  {"cvt.rpi of 2.25", 0x3u},
                                  {"cvt of NaN", 0x0u},
                                  {"cvt clamps above", 0x7fffffffu},
                                  {"cvt clamps below", 0x0u},
                                  {"cvt.sat.u8", 0xffu},
                                  {"cvt.s32.s8 extends the sign", 0xfffffff0u},
                                  {"cvt.rn.f32.f64", 0x3f800001u},
                                  {"cvt.rz.f32.f64", 0x3f800000u},
                                  {"half precision there", 0x3c01u},
                                  {"half precision back", 0x3f802000u},
                                  {"slct", 0x9u},
                                  {"set.lt.u32.f32", 0xffffffffu},
                                  {"set.gt.f32.s32", 0x3f800000u},
                                  {"setp with two results and a third operand", 0x1u},
                                  {"setp.ltu of NaN", 0x1u},
                                  {"setp.ne of NaN", 0x0u},
                                  {"setp.lo is unsigned", 0x1u},
                                  {"add.rz", 0x3f800000u},
                                  {"add.rp", 0x3f800001u},
                                  {"fma is fused", 0x33800000u},
                                  {"mul.ftz", 0x0u},
                                  {"mul.sat", 0x3f800000u},
                                  {"add.sat.s32", 0x7fffffffu},
                                  {"min of NaN and 1", 0x3f800000u},
                                  {"max of -0 and +0", 0x0u},
                                  {"min.s32 is signed", 0xffffffffu},
                                  {"sad.s32", 0x11u},
                                  {"abs.s32", 0x9u},
                                  {"brev", 0xc0000000u},
                                  {"popc", 0x8u},
                                  {"clz", 0xfu},
                                  {"cnot", 0x1u},
                                  {"div.s32 truncates", 0xfffffffdu},
                                  {"rem.s32 has the sign of the dividend", 0xffffffffu},
                                  {"packing and unpacking", 0x56u},
                                  {"shl by more than the width", 0x0u},
                                  {"shr.s32 by more than the width", 0xffffffffu},
                                  {"copysign", 0xc0400000u},
                                  {"testp.subnormal", 0x1u},
                                  {"testp.number", 0x0u},
                                  {"rcp.approx.ftz.f64 has 32 bits", 0x0u},
                                  {"atom.inc wraps", 0x0u},
                                  {"atom.dec wraps", 0x7u},
                                  {"atom.cas gives the old value", 0x3u},
                                  {"atom.max.s32", 0xfffffffbu},
                                  {"initial value of a constant", 0x16u},
                                  {"address as an initial value", 0x21u},
                                  {"local memory", 0x4u},
                                  {"ld.s8 extends the sign", 0xffffff80u},
                                  {"isspacep.shared", 0x1u},
                                  {"isspacep.global", 0x0u},
                                  {"call of a function", 0x28u},
                                  {"brx.idx", 0xdeu},
                                  {"predicated and negated", 0x3u},
                                  {"64-bit carry chain", 0x8u},
                                  {"bmsk", 0xff0u}};

TEST(OddInstructions, DoWhatTheIsaSays) {
  const auto found = ptx::kernels().find("odd_instructions");
  ASSERT_NE(found, ptx::kernels().end());
  std::vector<std::uint32_t> results(std::size(kExpected) + 1, 0xdeadbeefu);
  struct Call {
    const ptx::Kernel* kernel;
    std::uint32_t* results;
  } call{&found->second, results.data()};
  const auto run_thread = [](void* state) {
    const auto* c = static_cast<const Call*>(state);
    c->kernel->run(reinterpret_cast<const unsigned char*>(&c->results));
  };
  run_grid({1, 1, 1}, {1, 1, 1}, call.kernel->static_shared, run_thread, &call);
  for (std::size_t k = 0; k < std::size(kExpected); ++k)
    EXPECT_EQ(results[k], kExpected[k].result) << kExpected[k].what;
  EXPECT_EQ(results.back(), 0xdeadbeefu);
}

}  // namespace
}  // namespace cuda_on_host
