// Catalogs in memory: finding objects, checking, and the suggestions for misspelt names.
#include <limits>

#include "catalog_support.hpp"
#include "starling/catalog.hpp"
#include "starling/model.hpp"

namespace {

using catalog_test::expect_input_error;
using starling::Catalog;
using starling::did_you_mean;

Catalog good() {
  Catalog c;
  c.x = {1, 2, 3};
  c.sigma = {1, 1, 1};
  c.weight = {1, 0, 2};
  c.id = {"a", "b", "c"};
  c.samples = {1, 2, 2, 3};
  c.offsets = {0, 1, 3, 4};
  c.log_interim = {0, 1, 2, 3};
  return c;
}

/// The catalog that `change` makes of a good one is refused with such a message.
void expect_refused(const std::function<void(Catalog&)>& change, const std::string& pattern) {
  Catalog c = good();
  change(c);
  expect_input_error([&] { starling::check(c); }, "^catalog: .*" + pattern);
}

TEST(CheckingACatalog, AcceptsWhatIsRight) {
  EXPECT_NO_THROW(starling::check(good()));
  Catalog c;
  c.x = {1, 2, 3};
  EXPECT_NO_THROW(starling::check(c));
  c.sigma = {0.5};
  EXPECT_NO_THROW(starling::check(c));
}

TEST(CheckingACatalog, NamesWhatIsWrong) {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  expect_refused([](Catalog& c) { c = Catalog{}; }, "has no objects");
  expect_refused([&](Catalog& c) { c.x[1] = nan; }, "row 1, x = nan: expected a finite number");
  expect_refused([&](Catalog& c) { c.sigma[2] = inf; }, "row 2, sigma = inf: expected a finite number > 0");
  expect_refused([](Catalog& c) { c.sigma = {0}; }, "row 0, sigma = 0");
  expect_refused([](Catalog& c) { c.sigma = {1, 1}; }, "sigma has 2 values, expected 3");
  expect_refused([](Catalog& c) { c.weight[0] = -1; }, "row 0, weight = -1: expected a finite number >= 0");
  expect_refused([](Catalog& c) { c.weight = {0, 0, 0}; }, "all weights are 0");
  expect_refused([](Catalog& c) { c.weight.pop_back(); }, "weight has 2 values, expected 3");
  expect_refused([](Catalog& c) { c.id.push_back("d"); }, "id has 4 values, expected 3");
  expect_refused([](Catalog& c) { c.offsets.pop_back(); }, "offsets has 3 values, expected 4");
  expect_refused([](Catalog& c) { c.offsets[3] = 3; }, "offsets go from 0 to 3, expected 0 to 4");
  expect_refused(
      [](Catalog& c) {
        c.offsets = {0, 3, 1, 4};
      },
      "row 1 has no samples: its offsets are 3 and 1");
  expect_refused([](Catalog& c) { c.offsets = {0, 3, 3, 4}; }, "row 1 has no samples");
  expect_refused([&](Catalog& c) { c.samples[2] = nan; }, "row 2, sample = nan");
  expect_refused([](Catalog& c) { c.log_interim.pop_back(); }, "log_interim has 3 values, expected 4");
  expect_refused([&](Catalog& c) { c.log_interim[1] = -inf; }, "sample 1 has log interim density -inf");
  expect_refused([](Catalog& c) { c.samples.clear(); }, "has offsets or interim densities, but no samples");
}

TEST(FindingAnObject, GoesByIdOrRowNumber) {
  Catalog c = good();
  EXPECT_EQ(c.find("b"), 1U);
  expect_input_error([&] { static_cast<void>(c.find("0")); }, "no object has the id '0'");
  c.id[2] = "b";
  expect_input_error([&] { static_cast<void>(c.find("b")); },
                     "several objects have the id 'b': rows 1 and 2");
  c.id = {"ngc 1399", "ngc 4486", "m 31"};
  expect_input_error([&] { static_cast<void>(c.find("ngc 1398")); }, "did you mean 'ngc 1399'\\?");
  c.id.clear();
  EXPECT_EQ(c.find("2"), 2U);
  for (const char* wrong : {"3", "-1", "1.0", "b", "", "1 "}) {
    expect_input_error([&] { static_cast<void>(c.find(wrong)); }, "expected a row number from 0 to 2");
  }
}

TEST(Suggestions, NameTheNearestKnownWord) {
  const std::vector<std::string> known{"normal", "student_t", "schechter", "bb1", "theta_mu", "theta_sigma"};
  EXPECT_EQ(did_you_mean("nomal", known), " (did you mean 'normal'?)");   // one left out
  EXPECT_EQ(did_you_mean("nromal", known), " (did you mean 'normal'?)");  // two swapped
  EXPECT_EQ(did_you_mean("Normal", known), " (did you mean 'normal'?)");  // another case
  EXPECT_EQ(did_you_mean("schecter", known), " (did you mean 'schechter'?)");
  EXPECT_EQ(did_you_mean("theta_sigm", known), " (did you mean 'theta_sigma'?)");
  EXPECT_EQ(did_you_mean("student", known), " (did you mean 'student_t'?)");  // the beginning of one
  EXPECT_EQ(did_you_mean("b1b", known), " (did you mean 'bb1'?)");            // a swap is one slip, not two
  EXPECT_EQ(did_you_mean("bb2", known), " (did you mean 'bb1'?)");
}

TEST(Suggestions, AreNotMadeForAnotherWord) {
  EXPECT_EQ(did_you_mean("poisson", {"normal", "schechter"}), "");
  EXPECT_EQ(did_you_mean("x", {"y", "mass"}), "");
  EXPECT_EQ(did_you_mean("", {"a", "ab"}), "");
  EXPECT_EQ(did_you_mean("normal", {}), "");
}

}  // namespace
