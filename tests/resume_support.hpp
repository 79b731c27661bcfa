/// What the tests of interrupted runs share.
#pragma once

#include "chain_support.hpp"
#include "cli_program.hpp"
#include "starling/chain.hpp"

namespace resume_test {

/// Equal but for times: every draw, result and attribute.
inline void expect_same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  const auto one = starling::read_chain(a), other = starling::read_chain(b);
  const auto &h = one.header, &g = other.header;
  EXPECT_EQ(h.steps, g.steps);
  EXPECT_EQ(h.burn_in, g.burn_in);
  EXPECT_EQ(h.device, g.device);
  EXPECT_EQ(h.attributes, g.attributes);
  chain_test::expect_same_draws(one, other);
  chain_test::expect_same_figures(one.results, other.results);
  auto results = one.results.attributes, expected = other.results.attributes;
  for (const char* time : {"sampling_seconds", "burn_in_seconds"}) results.erase(time), expected.erase(time);
  EXPECT_EQ(results, expected);
}

/// A catalog of so many objects, as CSV.
inline std::string made_catalog(int objects) {
  std::string text = "x,sigma\n";
  for (int i = 0; i < objects; ++i)
    text += std::to_string(0.37 * ((i * 7) % 11) - 1.5) + "," + std::to_string(0.3 + 0.1 * (i % 5)) + "\n";
  return text;
}

}  // namespace resume_test
