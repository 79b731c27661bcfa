// FITS catalogs: tables as cfitsio writes them, with types of every kind, and what is refused.
#include <fitsio.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "catalog_support.hpp"
#include "starling/catalog.hpp"

namespace {

using namespace catalog_test;
using starling::Catalog;
using starling::CatalogOptions;
using starling::read_catalog;
using starling::read_fits;
using Numbers = std::vector<double>;
using Counts = std::vector<std::uint64_t>;
using Texts = std::vector<std::string>;

struct Field {
  std::string name, format;
};

class Fits : public InFolder {
 protected:
  Fits() { fits_create_diskfile(&file_, (folder_ / "cat.fits").c_str(), &status_); }
  ~Fits() override {
    if (file_ != nullptr) fits_delete_file(file_, &status_);  // nobody read it
  }

  void close() {
    if (file_ == nullptr) return;
    fits_close_file(file_, &status_);
    file_ = nullptr;
    EXPECT_EQ(status_, 0);
  }
  void table(const char* extension, std::vector<Field> fields) {
    std::vector<char*> names, formats;
    for (Field& field : fields) {
      names.push_back(field.name.data());
      formats.push_back(field.format.data());
    }
    fits_create_tbl(file_, BINARY_TBL, 0, static_cast<int>(fields.size()), names.data(), formats.data(),
                    nullptr, extension, &status_);
    ASSERT_EQ(status_, 0);
  }
  template <class Value>
  void put(int column, int type, std::vector<Value> values, long row = 1) {
    fits_write_col(file_, type, column, row, 1, static_cast<LONGLONG>(values.size()), values.data(),
                   &status_);
    ASSERT_EQ(status_, 0) << "column " << column;
  }
  void put(int column, Numbers values, long row = 1) { put(column, TDOUBLE, std::move(values), row); }
  void put(int column, Texts texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    put(column, TSTRING, pointers);
  }
  template <class Value>
  void key(const char* name, int type, Value value) {
    fits_update_key(file_, type, name, &value, nullptr, &status_);
    fits_set_hdustruc(file_, &status_);
    ASSERT_EQ(status_, 0);
  }
  Catalog read(const CatalogOptions& options = {}, Texts* notes = nullptr,
               const std::string& extension = "") {
    close();
    return read_catalog(folder_ / ("cat.fits" + extension), options, notes);
  }
  void expect_error(const CatalogOptions& options, const std::string& pattern,
                    const std::string& extension = "") {
    expect_input_error([&] { read(options, nullptr, extension); }, "cat\\.fits.*: .*" + pattern);
  }

  fitsfile* file_ = nullptr;
  int status_ = 0;
};

TEST_F(Fits, GivesColumnsOfAnyType) {
  table("STARS",
        {{"X", "1E"}, {"sigma", "1D"}, {"Weight", "1I"}, {"id", "6A"}, {"byte", "1B"}, {"big", "1K"}});
  put(1, Numbers{1.5, 2.5});
  put(2, Numbers{0.1, 0.2});
  put(3, Numbers{1, 3});
  put(4, Texts{"a b", "second"});
  put(5, Numbers{200, 7});
  put(6, TLONGLONG, std::vector<LONGLONG>{9007199254740993, -1});
  const Catalog c = read({.columns = {{"trials", "BYTE"}}});
  EXPECT_EQ(c.x, (Numbers{1.5, 2.5}));
  EXPECT_EQ(c.sigma, (Numbers{0.1, 0.2}));
  EXPECT_EQ(c.weight, (Numbers{1, 3}));
  EXPECT_EQ(c.id, (Texts{"a b", "second"}));
  EXPECT_EQ(c.column("trials"), (Numbers{200, 7}));
  EXPECT_EQ(c.hash.size(), 64U);
  EXPECT_EQ(read({.id = "big"}).id, (Texts{"9007199254740993", "-1"}));  // every digit
  EXPECT_EQ(read({.id = "byte"}).id, (Texts{"200", "7"}));
}

TEST_F(Fits, HeedsScalesZerosAndNulls) {
  table("T", {{"x", "1I"}, {"sigma", "1J"}, {"id", "1J"}, {"unsigned", "1U"}});
  key("TSCAL1", TDOUBLE, 0.5);
  key("TZERO1", TDOUBLE, 100.0);
  key("TNULL2", TINT, -99);
  put(1, Numbers{101, 102, 103});
  put(2, TINT, std::vector<int>{4, -99, 5});
  put(3, TINT, std::vector<int>{7, 8, 9});
  put(4, TUSHORT, std::vector<unsigned short>{65535, 0, 40000});
  expect_error({}, "row 1, column 'sigma': nan, expected a finite number > 0; --drop-bad-rows");
  Texts notes;
  const Catalog c = read({.drop_bad_rows = true, .columns = {{"trials", "unsigned"}}}, &notes);
  EXPECT_EQ(c.x, (Numbers{101, 103}));
  EXPECT_EQ(c.sigma, (Numbers{4, 5}));
  EXPECT_EQ(c.id, (Texts{"7", "9"}));
  EXPECT_EQ(c.column("trials"), (Numbers{65535, 40000}));
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("dropped 1 of 3 rows"), std::string::npos) << notes[0];
}

TEST_F(Fits, ReadsSamplesOfFixedNumber) {
  table("T", {{"mu", "3E"}, {"pi0", "3D"}, {"one", "1D"}, {"two", "2D"}});
  put(1, Numbers{3, 1, 2, 40, 10, NAN});
  put(2, Numbers{1, 2, 4, 1, 1, 0});
  put(3, Numbers{5, 6});
  const Catalog c = read({.samples = "MU", .interim_prior = "pi0"});
  EXPECT_EQ(c.samples, (Numbers{3, 1, 2, 40, 10}));  // the last is padding
  EXPECT_EQ(c.offsets, (Counts{0, 3, 5}));
  EXPECT_EQ(c.log_interim, (Numbers{0, std::log(2.0), std::log(4.0), 0, 0}));
  EXPECT_EQ(c.x, (Numbers{2, 25}));
  EXPECT_EQ(read({.samples = "one"}).samples, (Numbers{5, 6}));
  EXPECT_EQ(read({.samples = "mu", .interim_prior = "normal(0, 10)"}).log_interim.size(), 5U);
  expect_error({.samples = "mu", .interim_prior = "two"},
               "'two' has shape \\[2, 2\\], expected \\[2, 3\\] as 'mu'");
  expect_error({.samples = "mu", .offsets = "one"}, "offsets \\('one'\\) are for HDF5");
  expect_error({.x = "mu"}, "'mu' has shape \\[2, 3\\], expected one value per object");
}

TEST_F(Fits, ReadsOneOfSeveralQuantities) {
  table("T", {{"mcmc", "6D"}});
  std::array<long, 2> sizes{3, 2};
  fits_write_tdim(file_, 1, 2, sizes.data(), &status_);
  put(1, Numbers{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  EXPECT_EQ(read({.samples = "mcmc:1"}).samples, (Numbers{2, 5, 8, 11}));
  expect_error({.samples = "mcmc"},
               "shape \\[2, 2, 3\\], expected \\[N, K\\], or the name or number of a column");
  expect_error({.samples = "mcmc:3"}, "no position '3', expected a number from 0 to 2");
  expect_error({.samples = "mcmc:mass"}, "no position 'mass'");
}

TEST_F(Fits, ReadsSamplesOfVariableNumber) {
  table("T", {{"mu", "1PE"}, {"pi0", "1QD"}, {"other", "1PD"}, {"good", "1L"}});
  put(1, Numbers{3, 1, 2}, 1);
  put(1, Numbers{7}, 2);
  put(1, Numbers{9, 8}, 3);
  put(2, Numbers{1, 1, 2}, 1);
  put(2, Numbers{4}, 2);
  put(2, Numbers{5, 5}, 3);
  put(3, Numbers{1, 1, 1}, 1);
  put(4, TLOGICAL, std::vector<char>{1, 0, 1});
  const Catalog c = read({.samples = "mu", .interim_prior = "pi0"});
  EXPECT_EQ(c.samples, (Numbers{3, 1, 2, 7, 9, 8}));
  EXPECT_EQ(c.offsets, (Counts{0, 3, 4, 6}));
  EXPECT_EQ(c.log_interim[2], std::log(2.0));
  Texts notes;
  const Catalog masked = read({.samples = "mu", .mask = "good"}, &notes);
  EXPECT_EQ(masked.samples, (Numbers{3, 1, 2, 9, 8}));
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("leaves 2 of 3 rows"), std::string::npos) << notes[0];
  expect_error({.samples = "mu", .interim_prior = "other"}, "'other' has other numbers of values");
  expect_error({.samples = "other"}, "row 1 has no samples in 'other'");
}

TEST_F(Fits, ChoosesTheExtension) {
  std::array<long, 2> sizes{2, 2};
  fits_create_img(file_, SHORT_IMG, 0, sizes.data(), &status_);
  fits_create_img(file_, SHORT_IMG, 2, sizes.data(), &status_);
  std::string name = "PICTURE";
  fits_update_key(file_, TSTRING, "EXTNAME", name.data(), nullptr, &status_);
  table("ONE", {{"x", "1D"}});
  put(1, Numbers{1});
  table("Two", {{"x", "1D"}});
  put(1, Numbers{2});
  EXPECT_EQ(read().x, Numbers{1});  // the first table
  EXPECT_EQ(read({}, nullptr, "[two]").x, Numbers{2});
  EXPECT_EQ(read({}, nullptr, "[3]").x, Numbers{2});
  EXPECT_EQ(read({.table = "TWO"}).x, Numbers{2});
  EXPECT_EQ(read({}, nullptr, "[3]").source, (folder_ / "cat.fits[3]").string());
  expect_error(
      {},
      "no extension 'tow' \\(did you mean 'Two'\\?\\); its extensions: 1 PICTURE \\(image\\), 2 ONE, 3 Two",
      "[tow]");
  expect_error({}, "no extension '4'", "[4]");
  expect_error({}, "extension 'picture' is no binary table", "[picture]");
  expect_error({}, "between \\[ and \\]", "[]");
  expect_error({.table = "ONE"}, "table 'ONE' is asked for too", "[Two]");
  expect_input_error([&] { read_catalog(file("cat.csv", "x\n1\n").string() + "[1]"); },
                     "only FITS files have");
}

TEST_F(Fits, NamesWhatIsMissing) {
  table("T", {{"mass", "1D"}, {"name", "3A"}, {"Z", "1D"}, {"z", "1D"}});
  put(1, Numbers{1});
  put(2, Texts{"abc"});
  expect_error({}, "has no column 'x'; its columns: mass, name, Z, z$");
  expect_error({.x = "mas"}, "has no column 'mas' \\(did you mean 'mass'\\?\\)");
  expect_error({.x = "name"}, "column 'name' holds text, expected numbers");
  expect_error({.x = "mass", .mask = "mass"}, "'mass' holds no integers");
  EXPECT_EQ(read({.x = "MASS", .columns = {{"z", "z"}}}).columns.size(), 1U);
}

TEST_F(Fits, RefusesFilesThatAreNoCatalogs) {
  table("EMPTY", {{"x", "1D"}});
  expect_error({}, "column 'x' is empty");
  expect_input_error([&] { read_catalog(file("no.fits", "x,sigma\n1,2\n")); },
                     "no\\.fits: is not a FITS file");
  expect_input_error([&] { read_fits(file("none.fit", "")); }, "none\\.fit: is not a FITS file");
  expect_input_error([&] { read_catalog(folder_ / "missing.fits[1]"); }, "missing\\.fits: no such file");
  const std::string primary = bytes_of(folder_ / "cat.fits").substr(0, 2880);
  expect_input_error([&] { read_catalog(file("image.fits", primary)); }, "image\\.fits: has no binary table");
}

TEST_F(Fits, RefusesFilesThatAreCutShort) {
  table("T", {{"x", "1D"}, {"mu", "1PD"}});
  put(1, Numbers(2000, 1.0));
  for (long row = 1; row <= 2000; ++row) put(2, Numbers{1, 2}, row);
  close();
  const std::string whole = bytes_of(folder_ / "cat.fits");
  for (const std::size_t size :
       {whole.size() - 8000, whole.size() / 2, std::size_t{4000}, std::size_t{1000}}) {
    expect_input_error([&] { read_catalog(file("cut.fits", whole.substr(0, size))); }, "cut\\.fits: .*");
  }
  expect_input_error([&] { read_catalog(file("cut.fits", whole.substr(0, whole.size() / 2))); },
                     "cut\\.fits: is cut short: it has [0-9]+ bytes, expected [0-9]+ at least");
}

TEST_F(Fits, RefusesSizesThatNoTableHas) {
  table("T", {{"x", "1D"}});
  put(1, Numbers{1, 2});
  close();
  const std::string whole = bytes_of(folder_ / "cat.fits");
  const auto with = [&](const std::string& name, const std::string& value) {
    std::string changed = whole, card = name + std::string(8 - name.size(), ' ') + "= " + value;
    card.resize(80, ' ');
    return changed.replace(changed.find(name + " ", 2880), 80, card);
  };
  read_catalog(file("same.fits", with("TFIELDS", "                   1 / columns")));
  // for each of them cfitsio would take 160 bytes
  expect_input_error([&] { read_catalog(file("many.fits", with("TFIELDS", "601842737904"))); },
                     "many\\.fits: is damaged: a table of 601842737904 columns .TFIELDS., expected 0 to 999");
  expect_input_error([&] { read_catalog(file("less.fits", with("TFIELDS", "-1"))); },
                     "less\\.fits: is damaged: a table of -1 columns");
  expect_input_error([&] { read_catalog(file("text.fits", with("PCOUNT", std::string(60, 'a')))); },
                     "text\\.fits: is damaged: PCOUNT is 'a+', expected a whole number");
  expect_input_error([&] { read_catalog(file("none.fits", with("GCOUNT", ""))); },
                     "none\\.fits: is damaged: GCOUNT is '', expected a whole number");
  std::string without = with("BITPIX", "8");
  without.replace(without.find("BITPIX", 2880), 6, "COMMEN");
  expect_input_error([&] { read_catalog(file("without.fits", without)); },
                     "without\\.fits: is damaged: the header of a table has no BITPIX");
}

TEST_F(Fits, ReadsTextsThatAreToBeShownNarrower) {
  table("T", {{"x", "1D"}, {"id", "12A"}});
  put(1, Numbers{1, 2});
  put(2, Texts{"twelve bytes", "short"});
  fits_update_key_str(file_, "TDISP2", "A2", nullptr, &status_);
  ASSERT_EQ(status_, 0);
  EXPECT_EQ(read().id, (Texts{"twelve bytes", "short"}));
}

TEST_F(Fits, RefusesRowsThatAreLongerThanTheFile) {
  table("T", {{"mu", "1QD"}});
  put(1, Numbers{1, 2, 3});
  fits_flush_file(file_, &status_);
  fits_write_descript(file_, 1, 1, LONGLONG{1} << 50, 0, &status_);
  ASSERT_EQ(status_, 0);
  expect_error({.samples = "mu"}, "row 0, column 'mu' has 1125899906842624 values, expected no more than");
}

TEST_F(Fits, ReadsGzippedFiles) {
  table("T", {{"x", "1D"}});
  put(1, Numbers(5000, 2.0));
  close();
  const std::string zip = "gzip -k '" + (folder_ / "cat.fits").string() + "'";
  if (std::system(zip.c_str()) != 0) GTEST_SKIP() << "no gzip";
  EXPECT_EQ(read_catalog(folder_ / "cat.fits.gz").x, Numbers(5000, 2.0));
  EXPECT_EQ(read_catalog(folder_ / "cat.fits.gz[T]").size(), 5000U);
  const std::string whole = bytes_of(folder_ / "cat.fits.gz");
  expect_input_error([&] { read_catalog(file("cut.fits.gz", whole.substr(0, whole.size() / 2))); },
                     "cut\\.fits\\.gz");
}

Catalog made(bool ragged) {
  Catalog c = awkward_samples(ragged);
  c.columns = {{"trials", {3, 4}}};
  return c;
}

TEST_F(Fits, RowsOfNumbersAreReadByTheirRole) {
  table("SPECTRA", {{"flux", "3E"}, {"z", "1D"}, {"good", "1J"}});
  put(1, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  put(2, {0.1, 0.2, 0.3});
  put(3, {1, 0, 1});
  CatalogOptions options;
  options.x = "";
  options.optional_columns = {"flux", "z"};
  options.mask = "good";
  const Catalog catalog = read(options);
  EXPECT_EQ(catalog.x, (Numbers{0, 0}));
  EXPECT_EQ(catalog.arrays.at("flux"), (Numbers{1, 2, 3, 7, 8, 9}));
  EXPECT_EQ(catalog.column("z"), (Numbers{0.1, 0.3}));
  // what is written reads back, and where it cannot be written it is refused
  starling::write_catalog(folder_ / "again.fits", catalog);
  options.mask = "";
  EXPECT_EQ(read_fits(folder_ / "again.fits", options).arrays, catalog.arrays);
  expect_input_error([&] { starling::write_catalog(folder_ / "again.csv", catalog); }, "rows of numbers");
}

TEST_F(Fits, RoundTripsBitForBit) {
  for (const bool ragged : {false, true}) {
    const Catalog c = made(ragged);
    const auto path = folder_ / "out.fits";
    starling::write_catalog(path, c, {0.7, 0.9});
    const Catalog back = read_catalog(
        path, {.samples = "samples", .interim_prior = "interim_prior", .optional_columns = {"trials"}});
    expect_read_back(back, c);
    EXPECT_EQ(back.columns, c.columns);
    EXPECT_EQ(read_fits(path, {.x = "mu"}).x, (Numbers{0.7, 0.9}));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out.fits.tmp"));
  }
}

TEST_F(Fits, WritesManyRows) {
  Catalog c;
  for (int i = 0; i < 300'000; ++i) {
    c.x.push_back(i);
    c.id.push_back(std::to_string(i));
  }
  c.sigma = {0.5};
  starling::write_catalog(folder_ / "many.fit", c);
  const Catalog back = read_catalog(folder_ / "many.fit");
  EXPECT_EQ(back.x, c.x);
  EXPECT_EQ(back.id, c.id);
  EXPECT_EQ(back.sigma, Numbers{0.5});
}

TEST_F(Fits, EqualCatalogsAreEqualFiles) {
  starling::write_catalog(folder_ / "a.fits", made(true));
  file("b.fits.tmp", "left by a program that was killed");
  starling::write_catalog(folder_ / "b.fits", made(true));
  EXPECT_EQ(bytes_of(folder_ / "a.fits"), bytes_of(folder_ / "b.fits"));
}

TEST_F(Fits, WritingWhereItCannotIsAClearError) {
  Catalog c = made(false);
  expect_input_error([&] { starling::write_catalog(folder_ / "out.fits.gz", c); }, "end in .fits or .fit");
  expect_input_error([&] { starling::write_catalog(folder_ / "no/out.fits", c); }, "there is no folder");
  std::filesystem::create_symlink("/dev/full", folder_ / "full.fits");
  EXPECT_THROW(starling::write_catalog(folder_ / "full.fits", c), starling::RunError);
}

}  // namespace
