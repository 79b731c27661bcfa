// Numbers of a catalog that lie on disk.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "catalog_support.hpp"
#include "resident_memory.hpp"
#include "sanitizers.hpp"
#include "starling/catalog.hpp"
#include "starling/error.hpp"
#include "starling/fit.hpp"

namespace {

using starling::Numbers;

constexpr std::size_t kLarge = starling::kOnDiskFrom / sizeof(double);

bool forget_peak() {
  std::ofstream file("/proc/self/clear_refs");
  file << 5 << std::flush;
  return static_cast<bool>(file);
}

/// TMPDIR until it goes.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& folder) {
    if (const char* before = std::getenv("TMPDIR")) before_ = before;
    setenv("TMPDIR", folder.c_str(), 1);
  }
  ~TemporaryFolder() { before_.empty() ? unsetenv("TMPDIR") : setenv("TMPDIR", before_.c_str(), 1); }

 private:
  std::string before_;
};

double number(std::size_t i) {
  return 0.5 * static_cast<double>(i) - 3;
}
Numbers large() {
  Numbers values;
  values.reserve(kLarge);
  for (std::size_t i = 0; i < kLarge; ++i) values.push_back(number(i));
  return values;
}
std::size_t wrong(const Numbers& values) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < values.size(); ++i) count += values[i] != number(i);
  return count;
}

TEST(Numbers, AreAVector) {
  Numbers values{1, 2, 3};
  values.push_back(4);
  values = std::vector<double>{5, 6};
  values.let_go(0, 2);  // in memory: nothing happens
  EXPECT_EQ(values, (std::vector<double>{5, 6}));
  values = {7};
  EXPECT_EQ(values.size(), 1u);
}

using NumbersInFolder = catalog_test::InFolder;

TEST_F(NumbersInFolder, LeaveMemoryAndComeBack) {
  {
    const TemporaryFolder temporary(folder_.string());
    Numbers values = large();
    EXPECT_TRUE(std::filesystem::is_empty(folder_)) << "the file should have no name";
    const std::size_t before = resident_bytes();
    values.let_go(0, kLarge);
    EXPECT_LT(resident_bytes() + starling::kOnDiskFrom * 9 / 10, before);
    EXPECT_EQ(wrong(values), 0u);

    values[17] = 1e300;  // what is written stays, too
    values.let_go(0, kLarge);
    EXPECT_EQ(values[17], 1e300);
    values[17] = number(17);

    const Numbers copy = values;
    values[18] = -1;
    EXPECT_EQ(wrong(copy), 0u) << "a copy has numbers of its own";
    values.let_go(1000, 1001);  // less than a page
    EXPECT_EQ(wrong(values), 1u);
    values.push_back(number(kLarge));  // grows
    EXPECT_EQ(wrong(values), 1u);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST(Numbers, AreInMemoryWhereThereIsNoRoomForAFile) {
  const TemporaryFolder temporary("/nowhere/at all");
  Numbers values = large();
  values.let_go(0, kLarge);
  EXPECT_EQ(wrong(values), 0u);
  const Numbers moved = std::move(values);
  EXPECT_EQ(wrong(moved), 0u);
}

TEST(Numbers, OfACatalogLeaveMemoryByObjects) {
  starling::Catalog catalog;
  catalog.x = large();
  catalog.sigma = {1};
  catalog.columns["z"].assign(kLarge, 2);
  const std::size_t before = resident_bytes();
  catalog.let_go(0, kLarge / 2);
  EXPECT_LT(resident_bytes() + starling::kOnDiskFrom * 9 / 10, before);
  EXPECT_EQ(wrong(catalog.x), 0u);
  EXPECT_EQ(catalog.columns["z"][5], 2);
  catalog.let_go(0, kLarge);
  const std::size_t gone = resident_bytes();
  check(catalog);  // piece by piece
  EXPECT_LT(resident_bytes(), gone + starling::kOnDiskFrom / 10);
  catalog.x[kLarge - 1] = std::numeric_limits<double>::infinity();
  EXPECT_THROW(check(catalog), starling::InputError);
}

TEST(Numbers, StayOnDiskInAFit) {
  if (kAddressSanitizer || kThreadSanitizer) GTEST_SKIP() << "sanitizers have memory of their own";
  const auto fill = [](Numbers& values, auto value) {
    values.reserve(kLarge);
    for (std::size_t i = 0; i < kLarge; ++i) values.push_back(value(static_cast<double>(i % 1013) / 1013));
    values.let_go(0, kLarge);
  };
  starling::Catalog catalog;
  fill(catalog.x, [](double u) { return 3 * u - 1; });
  fill(catalog.sigma, [](double u) { return 0.5 + u; });
  const starling::Model model("normal", "normal",
                              {{"theta_mu", starling::parse_prior("normal(0, 1)")},
                               {"theta_sigma", starling::parse_prior("half_normal(1)")}});
  starling::FitOptions options;
  options.ensembles = 1;
  options.walkers = 8;
  options.burn_in = 1;
  options.steps = 2;
  options.device = "cpu";
  const auto grown = [&](auto fit) {
    catalog.let_go(0, kLarge);
    const std::size_t before = resident_bytes();
    EXPECT_TRUE(forget_peak());
    fit(model, catalog, options);
    return peak_bytes() - before;
  };
  constexpr std::size_t little = 100u << 20, kernel = 2 * kLarge * sizeof(float);
  EXPECT_LT(grown(starling::fit_naive), little);
  EXPECT_LT(grown(starling::fit_marginal), kernel + little);
}

TEST(Numbers, OnDiskAreNoMemoryInThePlan) {
  using starling::parse_prior;
  const starling::Model model(
      "normal", "normal",
      {{"theta_mu", parse_prior("normal(0, 1)")}, {"theta_sigma", parse_prior("half_normal(1)")}});
  const auto plan = [&](std::size_t objects) {
    return starling::plan_memory(model, objects, 0, starling::Method::marginal, {});
  };
  const auto small = plan(kLarge - 1), large = plan(kLarge);
  EXPECT_EQ(small.text.find("on disk while"), std::string::npos);
  EXPECT_NE(large.text.find("and 805 MB on disk while"), std::string::npos)
      << large.text;  // x, sigma, weight
  EXPECT_NEAR(static_cast<double>(small.host_bytes) - static_cast<double>(large.host_bytes),
              3.0 * starling::kOnDiskFrom, 1e4);
}

}  // namespace
