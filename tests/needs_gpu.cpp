// Linked into the tests that make no sense without a GPU: they are skipped where there is none.
#include <gtest/gtest.h>

#include "starling/fit.hpp"

namespace {

struct NeedsGpu : testing::Environment {
  void SetUp() override {
    if (const std::string why = starling::why_no_cuda(); !why.empty()) GTEST_SKIP() << "no GPU: " << why;
  }
};
const auto* const needs_gpu = testing::AddGlobalTestEnvironment(new NeedsGpu);

}  // namespace
