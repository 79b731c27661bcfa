// HDF5 catalogs: every shape of samples, columns by name and number, interim priors, and what is refused.
#include <cmath>
#include <cstring>
#include <limits>

#include "catalog/h5.hpp"
#include "catalog_support.hpp"
#include "starling/catalog.hpp"
#include "starling/prior.hpp"

namespace {

using namespace catalog_test;
using starling::Catalog;
using starling::CatalogOptions;
using starling::read_hdf5;
using starling::h5::Handle;
using Numbers = std::vector<double>;
using Counts = std::vector<std::uint64_t>;
using Shape = std::vector<hsize_t>;
using Texts = std::vector<std::string>;

const double nan = std::numeric_limits<double>::quiet_NaN();

class Hdf5 : public InFolder {
 protected:
  Hdf5()
      : file_(H5Fcreate((folder_ / "cat.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose) {}

  void put(const char* name, const Shape& shape, hid_t type, const void* data) const {
    const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
    H5Pset_create_intermediate_group(links.id(), 1);
    const Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose);
    const Handle set(H5Dcreate2(file_.id(), name, type, space.id(), links.id(), H5P_DEFAULT, H5P_DEFAULT),
                     H5Dclose);
    ASSERT_GE(
        H5Dwrite(set.id(), type, starling::h5::whole_dataset, starling::h5::whole_dataset, H5P_DEFAULT, data),
        0);
  }
  void put(const char* name, const Numbers& values, Shape shape = {}) const {
    if (shape.empty()) shape = {values.size()};
    put(name, shape, H5T_NATIVE_DOUBLE, values.data());
  }
  /// Texts of a fixed width, or of any.
  void put(const char* name, const Texts& texts, std::size_t width) const {
    const Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type.id(), width == 0 ? starling::h5::variable_length : width);
    std::vector<const char*> pointers;
    std::string bytes;
    for (const std::string& text : texts) {
      pointers.push_back(text.c_str());
      bytes += text + std::string(width > text.size() ? width - text.size() : 0, '\0');
    }
    put(name, {texts.size()}, type.id(),
        width == 0 ? static_cast<const void*>(pointers.data()) : bytes.data());
  }

  Catalog read(const CatalogOptions& options = {}, Texts* notes = nullptr) {
    if (file_.valid()) file_.close();
    return read_hdf5(folder_ / "cat.h5", options, notes);
  }
  void expect_error(const CatalogOptions& options, const std::string& pattern) {
    expect_input_error([&] { read(options); }, "cat\\.h5: .*" + pattern);
  }

  Handle file_;
};

TEST_F(Hdf5, GivesTheUsualColumnsOfAnyNumericType) {
  const float sigma[] = {0.5F, 2};
  const int weight[] = {1, 3};
  put("x", Numbers{1, 0.1});
  put("sigma", {2}, H5T_NATIVE_FLOAT, sigma);
  put("weight", {2}, H5T_NATIVE_INT, weight);
  put("id", Texts{"a", "bcd"}, 3);
  const Catalog c = read();
  EXPECT_EQ(c.x, (Numbers{1, 0.1}));
  EXPECT_EQ(c.sigma, (Numbers{0.5, 2}));
  EXPECT_EQ(c.weight, (Numbers{1, 3}));
  EXPECT_EQ(c.id, (Texts{"a", "bcd"}));
  EXPECT_EQ(c.hash.size(), 64U);
}

TEST_F(Hdf5, TakesDatasetsInGroupsAndIdsOfAnyKind) {
  const long id[] = {40, -2};
  put("data/mass", Numbers{1, 2});
  put("data/number", {2}, H5T_NATIVE_LONG, id);
  put("data/name", Texts{"alpha", ""}, 0);
  EXPECT_EQ(read({.x = "data/mass", .id = "data/number"}).id, (Texts{"40", "-2"}));
  EXPECT_EQ(read({.x = "data/mass", .id = "data/name"}).id, (Texts{"alpha", ""}));
  EXPECT_EQ(read({.x = "/data/mass", .sigma_value = 2.0}).sigma, Numbers{2});
}

TEST_F(Hdf5, OneNumberStandsForNoisesThatAreTheSame) {
  put("x", Numbers{1, 2, 3});
  put("same", Numbers{7, 7, 7});
  put("other", Numbers{7, 7, 8});
  put("bad", Numbers{0, 0, 0});
  const int mask[] = {1, 1, 0};
  put("mask", {3}, H5T_NATIVE_INT, mask);
  EXPECT_EQ(read({.sigma = "same"}).sigma, Numbers{7});
  EXPECT_EQ(read({.sigma = "other"}).sigma, (Numbers{7, 7, 8}));
  EXPECT_EQ(read({.sigma = "other", .mask = "mask"}).sigma, Numbers{7});
  expect_error({.sigma = "bad"}, "row 0, dataset 'bad': 0, expected a finite number > 0");
}

TEST_F(Hdf5, TakesColumnsOfTables) {
  struct Row {
    double mass;
    float error;
  };
  const Row rows[] = {{1, 0.25F}, {2, 0.5F}};
  const Handle type(H5Tcreate(H5T_COMPOUND, sizeof(Row)), H5Tclose);
  H5Tinsert(type.id(), "mass", offsetof(Row, mass), H5T_NATIVE_DOUBLE);
  H5Tinsert(type.id(), "error", offsetof(Row, error), H5T_NATIVE_FLOAT);
  put("table", {2}, type.id(), rows);
  const Catalog c = read({.x = "table:mass", .sigma = "table:error"});
  EXPECT_EQ(c.x, (Numbers{1, 2}));
  EXPECT_EQ(c.sigma, (Numbers{0.25, 0.5}));
  expect_error({.x = "table"},
               "'table' is a table, expected one of its columns after a ':'; its columns: mass, error");
  expect_error({.x = "table:mas"}, "did you mean 'mass'\\?");
}

TEST_F(Hdf5, TakesMediansOfSamples) {
  put("mu", Numbers{3, 1, 2, 40, 10, 20}, {2, 3});
  put("even", Numbers{4, 1, 3, 2, -1, -1, 5, 9}, {2, 4});
  const Catalog c = read({.samples = "mu"});
  EXPECT_EQ(c.samples, (Numbers{3, 1, 2, 40, 10, 20}));
  EXPECT_EQ(c.offsets, (Counts{0, 3, 6}));
  EXPECT_EQ(c.x, (Numbers{2, 20}));
  EXPECT_TRUE(c.log_interim.empty());
  EXPECT_EQ(read({.samples = "even"}).x, (Numbers{2.5, 2}));  // as numpy.median
}

TEST_F(Hdf5, ReadsRaggedSamples) {
  const std::uint32_t offsets[] = {0, 1, 4};
  put("mu", Numbers{7, 3, 1, 2});
  put("first", {3}, H5T_NATIVE_UINT32, offsets);
  const Catalog c = read({.samples = "mu", .offsets = "first"});
  EXPECT_EQ(c.offsets, (Counts{0, 1, 4}));
  EXPECT_EQ(c.x, (Numbers{7, 2}));
  expect_error({.samples = "mu"}, "'mu' has shape \\[4\\], expected \\[N, K\\], or a dataset of offsets");
}

TEST_F(Hdf5, ChoosesAColumnOfSamplesByNameOrNumber) {
  Numbers cube;
  for (int i = 0; i < 2 * 3 * 2; ++i) cube.push_back(i);
  put("group/samples", cube, {2, 3, 2});
  put("group/columns", Texts{"mass", "spin"}, 8);
  const Numbers first{0, 2, 4, 6, 8, 10}, second{1, 3, 5, 7, 9, 11};
  EXPECT_EQ(read({.samples = "group/samples:mass"}).samples, first);
  EXPECT_EQ(read({.samples = "group/samples:1"}).samples, second);
  EXPECT_EQ(read({.samples = "group/samples:spin", .interim_prior = "normal(0, 10)"}).x, (Numbers{3, 9}));
  expect_error({.samples = "group/samples"},
               "shape \\[2, 3, 2\\], expected \\[N, K\\], or the name or number of a column");
  expect_error({.samples = "group/samples:spim"},
               "no column 'spim' \\(did you mean 'spin'\\?\\); expected one of mass, spin");
  expect_error({.samples = "group/samples:2"}, "no column 2, expected a number from 0 to 1");
}

TEST_F(Hdf5, ReadsColumnNamesFromAnAttributeToo) {
  put("samples", Numbers{1, 2, 3, 4}, {1, 2, 2});
  {
    const Handle set(H5Dopen2(file_.id(), "samples", H5P_DEFAULT), H5Dclose);
    const Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type.id(), starling::h5::variable_length);
    const hsize_t size = 2;
    const Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose);
    const Handle names(H5Acreate2(set.id(), "columns", type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT),
                       H5Aclose);
    const char* texts[] = {"a", "b"};
    ASSERT_GE(H5Awrite(names.id(), type.id(), texts), 0);
  }
  EXPECT_EQ(read({.samples = "samples:b"}).samples, (Numbers{2, 4}));
}

TEST_F(Hdf5, TakesLogsOfInterimDensities) {
  put("mu", Numbers{3, 1, 2, 4}, {2, 2});
  put("density", Numbers{0.5, 1, 2, 1e-300}, {2, 2});
  put("wrong", Numbers{0.5, 1, 2, 1}, {4});
  put("zero", Numbers{0.5, 0, 2, 1}, {2, 2});
  const Catalog c = read({.samples = "mu", .interim_prior = "density"});
  EXPECT_EQ(c.log_interim, (Numbers{std::log(0.5), 0, std::log(2.0), std::log(1e-300)}));
  expect_error({.samples = "mu", .interim_prior = "wrong"},
               "'wrong' has shape \\[4\\], expected \\[2, 2\\] as 'mu'");
  expect_error({.samples = "mu", .interim_prior = "zero"},
               "row 0, sample 1 of 'zero': 0, expected a probability density");
  expect_error({.samples = "mu", .interim_prior = "densty"},
               "no dataset 'densty' \\(did you mean 'density'\\?\\)");
}

TEST_F(Hdf5, TakesLogarithmsOfInterimDensitiesAsTheyAre) {
  put("mu", Numbers{3, 1, 2, 4}, {2, 2});
  put("logs", Numbers{0.5, -700, 0, -1e4}, {2, 2});
  put("bad", Numbers{0.5, nan, 0, 1}, {2, 2});
  const Catalog c = read({.samples = "mu", .interim_prior = "log(logs)"});
  EXPECT_EQ(c.log_interim, (Numbers{0.5, -700, 0, -1e4}));
  EXPECT_EQ(c.interim_prior, "");
  expect_error({.samples = "mu", .interim_prior = "log(bad)"}, "row 0, sample 1 of 'log\\(bad\\)': nan");
  expect_error({.samples = "mu", .interim_prior = "log(log)"}, "no dataset 'log'");
}

TEST_F(Hdf5, EvaluatesNamedInterimPriors) {
  put("mu", Numbers{3, 1, 2, 4}, {2, 2});
  const Catalog c = read({.samples = "mu", .interim_prior = "normal(1, 2)"});
  ASSERT_EQ(c.log_interim.size(), 4U);
  for (std::size_t k = 0; k < 4; ++k) {
    const double z = (c.samples[k] - 1) / 2;
    EXPECT_NEAR(c.log_interim[k], -z * z / 2 - std::log(2 * std::sqrt(2 * M_PI)), 1e-14);
  }
  expect_error({.samples = "mu", .interim_prior = "uniform(0, 3.5)"},
               "row 1, sample 1 of 'mu': 4 lies outside the interim prior uniform\\(0, 3.5\\)");
  expect_input_error([&] { read({.samples = "mu", .interim_prior = "nomal(0, 1)"}); },
                     "did you mean 'normal'");
}

TEST_F(Hdf5, NamesRowDatasetAndValue) {
  put("x", Numbers{1, nan});
  put("good", Numbers{1, 2});
  put("sigma", Numbers{-1, 1});
  put("long", Numbers{1, 2, 3});
  put("square", Numbers{1, 2, 3, 4}, {2, 2});
  put("text", Texts{"1", "2"}, 1);
  put("none", {0}, H5T_NATIVE_DOUBLE, nullptr);
  expect_error({.sigma_value = 1.0}, "row 1, dataset 'x': nan, expected a finite number; --drop-bad-rows");
  expect_error({.x = "good"}, "row 0, dataset 'sigma': -1, expected a finite number > 0");
  expect_error({.x = "good", .sigma = "long"}, "'long' has 3 values, expected 2, the number of objects");
  expect_error({.x = "square"}, "'square' has shape \\[2, 2\\], expected one value per object");
  expect_error({.x = "text"}, "'text' holds text, expected numbers");
  expect_error({.x = "none"}, "'none' is empty");
  expect_error({.x = "god"},
               "has no dataset 'god' \\(did you mean 'good'\\?\\); its datasets: good, long, none");
  expect_error({.x = "no/such"}, "has no dataset 'no/such'");
  expect_error({.x = "good:a"}, "'good' has no columns to choose 'a' from");
  expect_error({.offsets = "long"},
               "offsets dataset 'long' is given without the name of a dataset of posterior samples");
  expect_error({.interim_prior = "long"}, "interim prior 'long' is given without");
  expect_error({.samples = "x"}, "expected \\[N, K\\]");
}

TEST_F(Hdf5, RefusesOffsetsThatMakeNoSense) {
  put("mu", Numbers{1, 2, 3, 4});
  const auto offsets = [&](const char* name, const std::vector<int>& values) {
    put(name, {values.size()}, H5T_NATIVE_INT, values.data());
  };
  offsets("late", {1, 2, 4});
  offsets("back", {0, 3, 2, 4});
  offsets("short", {0, 2, 3});
  offsets("negative", {0, -1, 4});
  offsets("empty", {0, 2, 2, 4});
  offsets("one", {0});
  put("real", Numbers{0, 2, 4});
  expect_error({.samples = "mu", .offsets = "late"}, "row 0, dataset 'late': 1, expected 0");
  expect_error({.samples = "mu", .offsets = "back"}, "row 2, dataset 'back': 2, expected at least 3");
  expect_error({.samples = "mu", .offsets = "short"},
               "row 2, dataset 'short': 3, expected 4, the number of samples");
  expect_error({.samples = "mu", .offsets = "negative"}, "row 1, dataset 'negative': -1 is negative");
  expect_error({.samples = "mu", .offsets = "empty"}, "row 1 has no samples in 'mu', expected at least one");
  expect_error({.samples = "mu", .offsets = "one"}, "shape \\[1\\], expected \\[N \\+ 1\\] offsets");
  expect_error({.samples = "mu", .offsets = "real"}, "'real' does not hold integers");
}

TEST_F(Hdf5, RefusesShapesThatTheFileCannotHold) {
  const hsize_t rows = hsize_t{1} << 40, chunk = 4;
  {
    const Handle how(H5Pcreate(H5P_DATASET_CREATE), H5Pclose),
        space(H5Screate_simple(1, &rows, nullptr), H5Sclose);
    H5Pset_chunk(how.id(), 1, &chunk);
    const Handle set(
        H5Dcreate2(file_.id(), "x", H5T_NATIVE_DOUBLE, space.id(), H5P_DEFAULT, how.id(), H5P_DEFAULT),
        H5Dclose);
    ASSERT_TRUE(set.valid());
  }
  expect_error({}, "dataset 'x' has shape \\[1099511627776\\], expected no more than its 0 bytes");
}

TEST_F(Hdf5, RefusesTablesWithoutRows) {
  {
    const hsize_t three = 3;
    const Handle array(H5Tarray_create2(H5T_NATIVE_DOUBLE, 1, &three), H5Tclose);
    const Handle type(H5Tcreate(H5T_COMPOUND, 3 * sizeof(double)), H5Tclose),
        space(H5Screate(H5S_SCALAR), H5Sclose);
    H5Tinsert(type.id(), "x", 0, array.id());
    const Handle set(
        H5Dcreate2(file_.id(), "t", type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
    ASSERT_TRUE(set.valid());
  }
  expect_error({.x = "t:x"}, "'t:x' has shape \\[\\], expected one value per object");
  expect_error({.x = "t:x:1"}, "'t' has no columns to choose '1' from|'t:x:1' has");
}

TEST_F(Hdf5, DropsBadRowsIfAskedAndSaysWhich) {
  put("mu", Numbers{1, 2, nan, 3, 5, 6, 7, 8}, {4, 2});
  put("density", Numbers{1, 2, 3, 4, 5, nan, 7, 8}, {4, 2});
  put("weight", Numbers{0.1, 0.2, 0.3, 0.4});
  put("id", Texts{"a", "b", "c", "d"}, 0);
  Texts notes;
  const Catalog c = read({.samples = "mu", .interim_prior = "density", .drop_bad_rows = true}, &notes);
  EXPECT_EQ(c.samples, (Numbers{1, 2, 7, 8}));
  EXPECT_EQ(c.log_interim, (Numbers{0, std::log(2.0), std::log(7.0), std::log(8.0)}));
  EXPECT_EQ(c.offsets, (Counts{0, 2, 4}));
  EXPECT_EQ(c.x, (Numbers{1.5, 7.5}));
  EXPECT_EQ(c.weight, (Numbers{0.1, 0.4}));
  EXPECT_EQ(c.id, (Texts{"a", "d"}));
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("dropped 2 of 4 rows"), std::string::npos) << notes[0];
  EXPECT_NE(notes[0].find("rows 1, 2 (from 0)"), std::string::npos) << notes[0];
  expect_error({.samples = "mu"}, "row 1, sample 0 of 'mu': nan, expected a finite number; --drop-bad-rows");
}

TEST_F(Hdf5, DropsBadRowsWithoutTouchingOneNoiseForAll) {
  put("x", Numbers{nan, 1});
  EXPECT_EQ(read({.sigma_value = 2.0, .drop_bad_rows = true}).sigma, Numbers{2});
}

TEST_F(Hdf5, RefusesFilesThatAreNoHdf5) {
  expect_input_error([&] { read_hdf5(file("no.h5", "x,sigma\n1,2\n")); }, "no.h5: is not an HDF5 file");
  expect_input_error([&] { read_hdf5(folder_ / "none.h5"); }, "none.h5: no such file");
  expect_input_error([&] { read_hdf5(folder_); }, "is a folder");
  put("x", Numbers(5000, 1.0));
  read();
  const std::string whole = bytes_of(folder_ / "cat.h5");
  expect_input_error([&] { read_hdf5(file("cut.h5", whole.substr(0, whole.size() / 2))); },
                     "cut.h5: is not an HDF5 file, or damaged or cut short");
}

TEST_F(Hdf5, RoundTripsBitForBit) {
  for (const bool ragged : {false, true}) {
    const Catalog c = awkward_samples(ragged);
    const auto path = folder_ / "out.h5";
    starling::write_catalog(path, c, {0.7, 0.9});
    const Catalog back = starling::read_catalog(
        path, {.samples = "samples", .offsets = ragged ? "offsets" : "", .interim_prior = "interim_prior"});
    expect_read_back(back, c);
    EXPECT_EQ(read_hdf5(path, {.x = "mu"}).x, (Numbers{0.7, 0.9}));
    EXPECT_EQ(read_hdf5(path).x, c.x);
  }
}

TEST_F(Hdf5, EqualCatalogsAreEqualFiles) {
  starling::write_catalog(folder_ / "a.h5", awkward_samples(true));
  sleep(2);  // HDF5 can note when a dataset was made
  starling::write_catalog(folder_ / "b.h5", awkward_samples(true));
  EXPECT_EQ(read_hdf5(folder_ / "a.h5").hash, read_hdf5(folder_ / "b.h5").hash);
}

TEST_F(Hdf5, RowsOfNumbersAreRead) {
  put("flux", {1, 2, 3, 4, 5, 6, 7, 8}, {4, 2});
  put("z", Numbers{0.1, 0.2, 0.3, 0.4});
  const int keep[] = {1, 0, 1, 1};
  put("good", {4}, H5T_NATIVE_INT, keep);
  put("short", Numbers{1, 2, 3});
  file_.close();
  CatalogOptions options;
  options.x = "";  // none: spectra say all
  options.columns = {{"z", "z"}};
  options.optional_columns = {"flux"};
  options.mask = "good";
  const Catalog catalog = read(options);
  EXPECT_EQ(catalog.x, (Numbers{0, 0, 0}));
  EXPECT_EQ(catalog.arrays.at("flux"), (Numbers{1, 2, 5, 6, 7, 8}));
  EXPECT_EQ(catalog.column("z"), (Numbers{0.1, 0.3, 0.4}));
  // what is written reads back
  starling::write_catalog(folder_ / "again.h5", catalog);
  options.mask = "";
  EXPECT_EQ(read_hdf5(folder_ / "again.h5", options).arrays, catalog.arrays);
  options.columns["flux"] = "short";
  expect_input_error([&] { read(options); }, "expected 3, the number of objects");
}

TEST_F(Hdf5, RowsOfNumbersMayBeBad) {
  put("flux", {1, 2, 3, nan, 5, 6}, {3, 2});
  file_.close();
  CatalogOptions options;
  options.x = "";
  options.optional_columns = {"flux"};
  expect_input_error([&] { read(options); }, "row 1, number 1 of 'flux': nan");
  options.drop_bad_rows = true;
  EXPECT_EQ(read(options).arrays.at("flux"), (Numbers{1, 2, 5, 6}));
}

TEST_F(Hdf5, SamplesOfSeveralLatentsStandSideBySide) {
  put("a", {1, 2, 3, 4, 5, nan}, {2, 3});
  put("b", {10, 20, 30, 40, 50, 60}, {2, 3});
  put("c", {1, 2, 3, 4}, {2, 2});
  file_.close();
  CatalogOptions options;
  options.samples = "a";
  options.more_samples = {"b"};
  Texts notes;
  const Catalog catalog = read(options, &notes);
  EXPECT_EQ(catalog.sample_size, 2U);
  EXPECT_EQ(catalog.samples, (Numbers{1, 10, 2, 20, 3, 30, 4, 40, 5, 50}));
  EXPECT_EQ(catalog.offsets, (Counts{0, 3, 5}));
  options.more_samples = {"c"};
  expect_input_error([&] { read(options); }, "expected \\[2, 3\\] as 'a'");
  options.more_samples = {"b"};
  options.interim_prior = "normal(0, 1)";
  expect_input_error([&] { read(options); }, "a named one is of one latent");
}

}  // namespace
