/// What the tests of interrupted runs share.
#pragma once

#include "chain_support.hpp"
#include "cli_program.hpp"
#include "starling/chain.hpp"

namespace resume_test {

/// Equal but for times: every draw, result and attribute.
inline void expect_same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  using chain_test::same_bits;
  const auto one = starling::read_chain(a), other = starling::read_chain(b);
  const auto &h = one.header, &g = other.header;
  EXPECT_EQ(h.steps, g.steps);
  EXPECT_EQ(h.burn_in, g.burn_in);
  EXPECT_EQ(h.device, g.device);
  EXPECT_EQ(h.attributes, g.attributes);
  EXPECT_EQ(one.draws, other.draws);
  EXPECT_TRUE(same_bits(one.theta, other.theta));
  EXPECT_TRUE(same_bits(one.lp, other.lp));
  EXPECT_TRUE(same_bits(one.acceptance, other.acceptance));
  EXPECT_TRUE(same_bits(one.sweep_theta, other.sweep_theta));
  EXPECT_TRUE(same_bits(one.sweep_theta_centred, other.sweep_theta_centred));
  EXPECT_TRUE(same_bits(one.results.latents.mean, other.results.latents.mean));
  EXPECT_TRUE(same_bits(one.results.latents.sd, other.results.latents.sd));
  EXPECT_EQ(one.results.monte_carlo.variance, other.results.monte_carlo.variance);
  EXPECT_TRUE(same_bits(one.results.monte_carlo.expected_bias, other.results.monte_carlo.expected_bias));
  EXPECT_EQ(one.results.complete, other.results.complete);
  auto results = one.results.attributes, expected = other.results.attributes;
  results.erase("sampling_seconds"), expected.erase("sampling_seconds");
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
