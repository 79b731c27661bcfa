// Named columns beside x and sigma, in every kind of file; masks and tables of HDF5; padded samples.
#include <fitsio.h>

#include <cmath>
#include <limits>

#include "catalog/h5.hpp"
#include "catalog_support.hpp"
#include "starling/catalog.hpp"

namespace {

using namespace catalog_test;
using starling::Catalog;
using starling::CatalogOptions;
using starling::Numbers;
using starling::read_catalog;
using starling::h5::Handle;
using Texts = std::vector<std::string>;
using Columns = std::map<std::string, Numbers>;
using Shape = std::vector<hsize_t>;

const double nan = std::numeric_limits<double>::quiet_NaN();

Catalog made() {
  Catalog c;
  c.x = {1, 2, 3};
  c.sigma = {0.5, 0.5, 1};
  c.columns = {{"trials", {10, 20, 30}}, {"z", {0.1, 0.2, 1.0 / 3}}};
  return c;
}

class ColumnsOf : public InFolder, public testing::WithParamInterface<const char*> {
 protected:
  std::filesystem::path path() const { return folder_ / (std::string("cat") + GetParam()); }
};

TEST_P(ColumnsOf, GoThereAndBackBitForBit) {
  starling::write_catalog(path(), made(), {7, 8, 9});
  EXPECT_EQ(read_catalog(path()).columns, Columns());  // nobody asked
  EXPECT_EQ(read_catalog(path(), {.optional_columns = {"z", "trials", "limit"}}).columns, made().columns);
  const Catalog c = read_catalog(path(), {.columns = {{"depth", "z"}, {"exposure", "2.5"}, {"z", "mu"}},
                                          .optional_columns = {"z", "trials"}});
  EXPECT_EQ(c.column("depth"), made().columns.at("z"));
  EXPECT_EQ(c.column("exposure"), (Numbers{2.5, 2.5, 2.5}));
  EXPECT_EQ(c.column("z"), (Numbers{7, 8, 9}));  // the user's choice, not the column of that name
  EXPECT_EQ(c.column("trials"), (Numbers{10, 20, 30}));
}

TEST_P(ColumnsOf, MustBeThereIfTheyAreAskedFor) {
  starling::write_catalog(path(), made());
  expect_input_error(
      [&] {
        read_catalog(path(), {.columns = {{"trials", "trails"}}});
      },
      "cat\\.[a-z0-9]+: has no (column|dataset) 'trails' \\(did you mean 'trials'\\?\\)");
}

/// Four rows of x and z, of which two have no z: what write_catalog would refuse.
void write_bad(const std::filesystem::path& path) {
  const Columns columns{{"x", {1, 2, 3, 4}}, {"z", {0.1, INFINITY, nan, 0.5}}};
  if (path.extension() == ".csv") {
    std::ofstream(path) << "x,z\n1,0.1\n2,inf\n3,\n4,0.5\n";
  } else if (path.extension() == ".h5") {
    const Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
    const hsize_t size = 4;
    const Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose);
    for (const auto& [name, values] : columns) {
      const Handle set(H5Dcreate2(file.id(), name.c_str(), H5T_NATIVE_DOUBLE, space.id(), H5P_DEFAULT,
                                  H5P_DEFAULT, H5P_DEFAULT),
                       H5Dclose);
      H5Dwrite(set.id(), H5T_NATIVE_DOUBLE, starling::h5::whole_dataset, starling::h5::whole_dataset,
               H5P_DEFAULT, values.data());
    }
  } else {
    fitsfile* file = nullptr;
    int status = 0, number = 0;
    fits_create_diskfile(&file, path.c_str(), &status);
    fits_create_tbl(file, BINARY_TBL, 0, 0, nullptr, nullptr, nullptr, nullptr, &status);
    for (const auto& [role, column] : columns) {
      std::string name = role;
      Numbers values = column;
      std::string format = "1D";
      fits_insert_col(file, ++number, name.data(), format.data(), &status);
      fits_write_col(file, TDOUBLE, number, 1, 1, 4, values.data(), &status);
    }
    fits_close_file(file, &status);
    EXPECT_EQ(status, 0);
  }
}

TEST_P(ColumnsOf, MustHoldFiniteNumbers) {
  write_bad(path());
  const CatalogOptions options{.columns = {{"z", "z"}, {"limit", "3"}}};
  expect_input_error([&] { read_catalog(path(), options); },
                     "row 1.*, (column|dataset) 'z': '?inf'?, expected a finite number; --drop-bad-rows");
  auto drop = options;
  drop.drop_bad_rows = true;
  const Catalog left = read_catalog(path(), drop);
  EXPECT_EQ(left.x, (Numbers{1, 4}));
  EXPECT_EQ(left.columns, (Columns{{"limit", {3, 3}}, {"z", {0.1, 0.5}}}));
}

INSTANTIATE_TEST_SUITE_P(Files, ColumnsOf, testing::Values(".csv", ".h5", ".fits"));

TEST(Columns, AreCheckedInMemory) {
  const auto refused = [](const std::function<void(Catalog&)>& change, const std::string& pattern) {
    Catalog c = made();
    change(c);
    expect_input_error([&] { starling::check(c); }, pattern);
  };
  EXPECT_NO_THROW(starling::check(made()));
  refused([](Catalog& c) { c.columns["z"].pop_back(); }, "catalog: z has 2 values, expected 3");
  refused([](Catalog& c) { c.columns["z"][1] = nan; }, "row 1, z = nan: expected a finite number");
  refused([](Catalog& c) { c.columns["sigma"] = {1, 2, 3}; }, "role 'sigma': that name is taken");
  refused([](Catalog& c) { c.columns["a,b"] = {1, 2, 3}; }, "role 'a,b': expected a name of letters");
}

TEST(Columns, AreGivenByRoleOrMissed) {
  const Catalog c = made();
  EXPECT_EQ(c.column("z"), (Numbers{0.1, 0.2, 1.0 / 3}));
  expect_input_error([&] { static_cast<void>(c.column("trails")); },
                     "catalog: has no column for 'trails' \\(did you mean 'trials'\\?\\); name one with "
                     "--column trails=COLUMN");
}

using ColumnOptions = InFolder;

TEST_F(ColumnOptions, AreCheckedBeforeReading) {
  const auto path = file("cat.csv", "x\n1\n");
  const auto refused = [&](const char* role, const char* text, const std::string& pattern) {
    expect_input_error([&] { read_catalog(path, {.columns = {{role, text}}}); }, pattern);
  };
  refused("x", "x", "role 'x': that name is taken");
  refused("", "x", "role '': expected a name");
  refused("z", "", "role 'z': expected a column or a number");
  refused("z", "inf", "role 'z' = inf: expected a finite number");
  refused("z", "1e999", "role 'z' = 1e999: expected a finite number");
  expect_input_error([&] { read_catalog(path, {.mask = "good"}); },
                     "a mask \\('good'\\) is for HDF5 and FITS");
  expect_input_error([&] { read_catalog(path, {.table = "t"}); }, "a table \\('t'\\) is for HDF5 and FITS");
}

class Masked : public InFolder {
 protected:
  Masked()
      : file_(H5Fcreate((folder_ / "cat.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose) {}

  void put(const char* name, const Shape& shape, hid_t type, const void* data) const {
    const Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose);
    const Handle set(H5Dcreate2(file_.id(), name, type, space.id(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                     H5Dclose);
    ASSERT_GE(
        H5Dwrite(set.id(), type, starling::h5::whole_dataset, starling::h5::whole_dataset, H5P_DEFAULT, data),
        0);
  }
  void put(const char* name, const Numbers& values, const Shape& shape) const {
    put(name, shape, H5T_NATIVE_DOUBLE, values.data());
  }
  /// As h5py writes truth values.
  void put_truth(const char* name, const std::vector<signed char>& values) const {
    const Handle type(H5Tenum_create(H5T_NATIVE_SCHAR), H5Tclose);
    signed char value = 0;
    H5Tenum_insert(type.id(), "FALSE", &value);
    value = 1;
    H5Tenum_insert(type.id(), "TRUE", &value);
    put(name, {values.size()}, type.id(), values.data());
  }
  Catalog read(const CatalogOptions& options, Texts* notes = nullptr) {
    if (file_.valid()) file_.close();
    return read_catalog(folder_ / "cat.h5", options, notes);
  }
  void expect_error(const CatalogOptions& options, const std::string& pattern) {
    expect_input_error([&] { read(options); }, "cat\\.h5: .*" + pattern);
  }

  Handle file_;
};

TEST_F(Masked, OnlyRowsOfTheMaskAreRead) {
  const int bits[] = {0, 4, 0, -1};
  put("x", Numbers{nan, 2, 3, 4}, {4});
  put("weight", Numbers{1, 2, 3, 4}, {4});
  put("z", Numbers{5, 6, 7, 8}, {4});
  put_truth("good", {0, 1, 1, 1});
  put("bits", {4}, H5T_NATIVE_INT, bits);
  Texts notes;
  const Catalog c = read({.columns = {{"z", "z"}}, .mask = "good"}, &notes);
  EXPECT_EQ(c.x, (Numbers{2, 3, 4}));
  EXPECT_EQ(c.weight, (Numbers{2, 3, 4}));
  EXPECT_EQ(c.column("z"), (Numbers{6, 7, 8}));
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("the mask 'good' leaves 3 of 4 rows"), std::string::npos) << notes[0];
  EXPECT_EQ(read({.mask = "bits"}).x, (Numbers{2, 4}));
}

TEST_F(Masked, RowsInMessagesAreThoseOfTheFile) {
  put("x", Numbers{1, 2, 3, nan}, {4});
  put_truth("good", {0, 0, 1, 1});
  expect_error({.mask = "good"}, "row 3, dataset 'x': nan");
  Texts notes;
  EXPECT_EQ(read({.drop_bad_rows = true, .mask = "good"}, &notes).x, Numbers{3});
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_NE(notes[1].find("dropped 1 of 2 rows"), std::string::npos) << notes[1];
  EXPECT_NE(notes[1].find("row 3 (from 0)"), std::string::npos) << notes[1];
}

TEST_F(Masked, SamplesOfOtherObjectsAreNotKept) {
  const int offsets[] = {0, 1, 4, 5};
  put("mu", Numbers{1, 2, 3, 4, 5, 6}, {3, 2});
  put("density", Numbers{1, 2, 3, 4, 5, 6}, {3, 2});
  put("flat", Numbers{1, 2, 3, 4, 5}, {5});
  put("first", {4}, H5T_NATIVE_INT, offsets);
  put_truth("good", {0, 1, 1});
  const Catalog c = read({.samples = "mu", .interim_prior = "density", .mask = "good"});
  EXPECT_EQ(c.samples, (Numbers{3, 4, 5, 6}));
  EXPECT_EQ(c.log_interim, (Numbers{std::log(3.0), std::log(4.0), std::log(5.0), std::log(6.0)}));
  const Catalog ragged = read({.samples = "flat", .offsets = "first", .mask = "good"});
  EXPECT_EQ(ragged.samples, (Numbers{2, 3, 4, 5}));
  EXPECT_EQ(ragged.offsets, (std::vector<std::uint64_t>{0, 3, 4}));
}

TEST_F(Masked, MasksThatMakeNoSenseAreRefused) {
  const int none[] = {0, 0};
  put("x", Numbers{1, 2}, {2});
  put_truth("long", {1, 1, 1});
  put("none", {2}, H5T_NATIVE_INT, none);
  expect_error({.mask = "long"}, "'x' has 2 values, expected 3");
  expect_error({.mask = "none"}, "'none' masks all 2 rows out");
  expect_error({.mask = "x"}, "'x' holds no integers, expected a mask");
  expect_error({.mask = "non"}, "no dataset 'non' \\(did you mean 'none'\\?\\)");
}

TEST_F(Masked, PaddedSamplesEndWhereTheNanBegin) {
  put("cube", Numbers{1, 10, 2, 20, nan, 30, 4, 40, nan, 50, nan, nan}, {2, 3, 2});
  put("density", Numbers{1, 2, nan, 4, -5, nan}, {2, 3});
  put("empty", Numbers{1, 2, nan, nan}, {2, 2});
  Texts notes;
  const Catalog c = read({.samples = "cube:0", .interim_prior = "density"}, &notes);
  EXPECT_EQ(c.samples, (Numbers{1, 2, 4}));
  EXPECT_EQ(c.offsets, (std::vector<std::uint64_t>{0, 2, 3}));
  EXPECT_EQ(c.log_interim, (Numbers{0, std::log(2.0), std::log(4.0)}));
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("padded with NaN for 2 of 2 objects"), std::string::npos) << notes[0];
  expect_error({.samples = "empty"},
               "row 1 has no samples in 'empty', expected at least one; --drop-bad-rows");
  EXPECT_EQ(read({.samples = "empty", .drop_bad_rows = true}).samples, (Numbers{1, 2}));
}

struct Row {
  double mass;
  float error;
  char name[4];
  double mcmc[2][3];
  signed char good;
};

TEST_F(Masked, ColumnsOfATableGoByTheirNames) {
  const Row rows[] = {{1, 0.25F, "a", {{1, 2, 3}, {4, 5, 6}}, 1},
                      {2, 0.5F, "bcd", {{7, 8, 9}, {10, 11, nan}}, 1}};
  const hsize_t sizes[] = {2, 3}, width = 4;
  const Handle type(H5Tcreate(H5T_COMPOUND, sizeof(Row)), H5Tclose);
  const Handle array(H5Tarray_create2(H5T_NATIVE_DOUBLE, 2, sizes), H5Tclose);
  const Handle text(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(text.id(), width);
  H5Tinsert(type.id(), "mass", offsetof(Row, mass), H5T_NATIVE_DOUBLE);
  H5Tinsert(type.id(), "sigma", offsetof(Row, error), H5T_NATIVE_FLOAT);
  H5Tinsert(type.id(), "id", offsetof(Row, name), text.id());
  H5Tinsert(type.id(), "mcmc", offsetof(Row, mcmc), array.id());
  H5Tinsert(type.id(), "good", offsetof(Row, good), H5T_NATIVE_SCHAR);
  put("data", {2}, type.id(), rows);
  put("apart", Numbers{8, 9}, {2});
  const Catalog c = read({.x = "mass", .columns = {{"z", "apart"}, {"trials", "sigma"}}, .table = "data"});
  EXPECT_EQ(c.x, (Numbers{1, 2}));
  EXPECT_EQ(c.sigma, (Numbers{0.25, 0.5}));
  EXPECT_EQ(c.id, (Texts{"a", "bcd"}));
  EXPECT_EQ(c.column("z"), (Numbers{8, 9}));
  EXPECT_EQ(c.column("trials"), (Numbers{0.25, 0.5}));
  EXPECT_EQ(read({.samples = "mcmc:1", .mask = "good", .table = "data"}).samples, (Numbers{2, 5, 8, 11}));
  EXPECT_EQ(read({.samples = "data:mcmc:2"}).samples, (Numbers{3, 6, 9}));
  EXPECT_EQ(read({.x = "data.mass", .sigma = "data.sigma"}).sigma, (Numbers{0.25, 0.5}));
  expect_error({.x = "mas", .table = "data"},
               "did you mean 'mass'\\?\\); its columns: mass, sigma, id, mcmc");
  expect_error({.x = "x", .table = "apart"}, "'apart' is no table");
  expect_error({.x = "x", .table = "dat"}, "no dataset 'dat' \\(did you mean 'data'\\?\\)");
  expect_error({.samples = "mcmc:3", .table = "data"}, "no column 3, expected a number from 0 to 2");
  expect_error({.samples = "mcmc", .table = "data"}, "shape \\[2, 2, 3\\], expected \\[N, K\\]");
}

}  // namespace
