/// Made-up runs whose every number is a known function of its place, for tests of chains.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "starling/chain.hpp"

namespace chain_test {

/// An empty folder that is removed with everything in it.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "starling-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::uint64_t mixed(std::uint64_t x) {  // SplitMix64's finaliser
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// A number in (0, 1), or one of those that are easily lost, as a function of its place.
inline double number(std::uint64_t kind, std::uint64_t sweep, std::uint64_t chain,
                     std::uint64_t parameter = 0) {
  const std::uint64_t bits = mixed(mixed(mixed(mixed(kind) + sweep) + chain) + parameter);
  switch (bits % 97) {
    case 0:
      return -0.0;
    case 1:
      return std::numeric_limits<double>::infinity();
    case 2:
      return std::numeric_limits<double>::denorm_min();
    case 3:
      return std::numeric_limits<double>::quiet_NaN();
    default:
      return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
  }
}

inline starling::ChainHeader header(const std::string& method) {
  starling::ChainHeader h;
  h.method = method;
  h.population = "normal";
  h.measurement = "normal";
  h.integral = method == "marginal" ? "exact" : "";
  h.latent_update = method == "joint" ? "metropolis" : "";
  h.parameters = {"theta_mu", "theta_sigma", "noise_scale"};
  h.priors = {"uniform(-5, 5)", "uniform(0, 2)", "fixed(1)"};
  h.ensembles = 2;
  h.walkers = 6;
  h.burn_in = 5;
  h.steps = 40;
  h.thin = 3;
  h.seed = 0xfedcba9876543210;
  h.interweaving = method == "joint";
  h.device = "cpu: two cores, \"AVX2\"";
  h.attributes = {{"run_file", "[model]\npopulation = \"normal\" # \xc3\xa9\n"},
                  {"empty", ""},
                  {"long", std::string(100'000, 'x')}};
  return h;
}

/// Sweeps [first, first + sweeps) of the made-up run.
inline starling::ChainBlock block(const starling::ChainHeader& h, std::size_t first, std::size_t sweeps) {
  starling::ChainBlock b;
  b.first_sweep = first;
  b.sweeps = sweeps;
  for (std::size_t t = first; t < first + sweeps; ++t) {
    for (std::size_t c = 0; c < h.chains(); ++c) {
      for (std::size_t p = 0; p < h.parameters.size(); ++p) {
        b.theta.push_back(number(1, t, c, p));
        if (h.method == "joint") b.theta_centred.push_back(number(2, t, c, p));
      }
      b.lp.push_back(number(3, t, c));
      b.acceptance.push_back(static_cast<float>(number(4, t, c)));
    }
  }
  return b;
}

inline starling::Catalog catalog(std::size_t objects = 7) {
  starling::Catalog made;
  for (std::size_t i = 0; i < objects; ++i) {
    made.x.push_back(number(5, i, 7) + static_cast<double>(i));
    made.sigma.push_back(0.1 + 0.3 * static_cast<double>(i));
    made.weight.push_back(1.0 / (3.0 + static_cast<double>(i)));
    made.id.push_back(i == 2 ? std::string() : "object \xce\xb1, " + std::to_string(i));
  }
  made.source = "galaxies.csv";
  made.hash = std::string(64, 'a');
  return made;
}

inline starling::ChainResults results(const std::string& method, const starling::Catalog& catalog) {
  starling::ChainResults r;
  r.complete = true;
  if (method == "joint") {
    for (std::size_t i = 0; i < catalog.size(); ++i) {
      r.latents.mean.push_back(number(6, i, 0));
      r.latents.sd.push_back(number(7, i, 0));
    }
  }
  if (method == "marginal") {
    r.monte_carlo.variance = 10.1;
    r.monte_carlo.worst = {{3, 0.5, 1.7, 100, 12345.6}, {0, 0.25, 2.5, 50, 7}};
    r.monte_carlo.expected_bias = {0.1, std::numeric_limits<double>::quiet_NaN(), -0.0};
  }
  r.attributes = {{"sampling_seconds", "1.25"}, {"note", ""}};
  return r;
}

/// The whole run through a sink, in blocks of `length` sweeps.
inline void run(starling::ChainSink& sink, const starling::ChainHeader& h, const starling::Catalog& c,
                const starling::ChainResults& r, std::size_t length = 4) {
  sink.begin(h, c);
  const std::size_t all = h.burn_in + h.steps;
  for (std::size_t t = 0; t < all; t += length) sink.append(block(h, t, std::min(length, all - t)));
  sink.finish(r);
}

/// Equal bit for bit, NaN and signed zeros included.
template <class T, class A = std::allocator<T>>
bool same_bits(const std::vector<T, A>& a, const std::vector<T, A>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

/// Draws and all that belongs to each.
inline void expect_same_draws(const starling::Chain& a, const starling::Chain& b) {
  EXPECT_EQ(a.draws, b.draws);
  EXPECT_TRUE(same_bits(a.theta, b.theta));
  EXPECT_TRUE(same_bits(a.lp, b.lp));
  EXPECT_TRUE(same_bits(a.acceptance, b.acceptance));
  EXPECT_TRUE(same_bits(a.sweep_theta, b.sweep_theta));
  EXPECT_TRUE(same_bits(a.sweep_theta_centred, b.sweep_theta_centred));
  EXPECT_TRUE(same_bits(a.log_likelihood, b.log_likelihood));
}

/// What was made of the draws, and whether they are all.
inline void expect_same_figures(const starling::ChainResults& a, const starling::ChainResults& b) {
  EXPECT_TRUE(same_bits(a.latents.mean, b.latents.mean));
  EXPECT_TRUE(same_bits(a.latents.sd, b.latents.sd));
  EXPECT_EQ(a.monte_carlo.variance, b.monte_carlo.variance);
  EXPECT_TRUE(same_bits(a.monte_carlo.expected_bias, b.monte_carlo.expected_bias));
  EXPECT_EQ(a.complete, b.complete);
}

}  // namespace chain_test
