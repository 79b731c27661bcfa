// CSV catalogs: what is read, what is refused and how that is said, and that writing and reading give the
// same bits.
#include <sys/wait.h>

#include <chrono>
#include <cmath>
#include <limits>

#include "catalog_support.hpp"
#include "starling/catalog.hpp"

namespace {

using namespace catalog_test;
using starling::Catalog;
using starling::CatalogOptions;
using starling::read_csv;
using Numbers = std::vector<double>;
using Texts = std::vector<std::string>;

class Csv : public InFolder {
 protected:
  Catalog read(const std::string& text, const CatalogOptions& options = {}, Texts* notes = nullptr) const {
    return read_csv(file("cat.csv", text), options, notes);
  }
  void expect_error(const std::string& text, const std::string& pattern,
                    const CatalogOptions& options = {}) const {
    expect_input_error([&] { read(text, options); }, "cat\\.csv: .*" + pattern);
  }
};

TEST_F(Csv, GivesTheUsualColumns) {
  const Catalog c = read("id,x,sigma,weight\na,1,0.5,1\nb,-2.5e-3,2,0\n");
  EXPECT_EQ(c.x, (Numbers{1, -2.5e-3}));
  EXPECT_EQ(c.sigma, (Numbers{0.5, 2}));
  EXPECT_EQ(c.weight, (Numbers{1, 0}));
  EXPECT_EQ(c.id, (Texts{"a", "b"}));
  EXPECT_EQ(c.source, (folder_ / "cat.csv").string());
}

TEST_F(Csv, NeedsOnlyX) {
  const Catalog c = read("y,x\n0,1\n0,2\n");
  EXPECT_EQ(c.x, (Numbers{1, 2}));
  EXPECT_TRUE(c.sigma.empty() && c.weight.empty() && c.id.empty());
}

TEST_F(Csv, TakesTheColumnsThatAreAskedFor) {
  const Catalog c = read("x,sigma,name,mass,mass_err,w\n9,9,a,1,2,3\n9,9,b,4,5,6\n",
                         {.x = "mass", .sigma = "mass_err", .weight = "w", .id = "name"});
  EXPECT_EQ(c.x, (Numbers{1, 4}));
  EXPECT_EQ(c.sigma, (Numbers{2, 5}));
  EXPECT_EQ(c.weight, (Numbers{3, 6}));
  EXPECT_EQ(c.id, (Texts{"a", "b"}));
}

TEST_F(Csv, OneNumberStandsForAllNoises) {
  const Catalog c = read("x,sigma\n1,7\n2,8\n", {.sigma_value = 0.25});
  EXPECT_EQ(c.sigma, Numbers{0.25});
  EXPECT_EQ(c.sigma_of(1), 0.25);
  EXPECT_EQ(read("x,sigma\n1,7\n2,7\n3,7\n").sigma, Numbers{7});
  EXPECT_EQ(read("x,sigma\n1,7\n2,7\n3,8\n4,7\n").sigma, (Numbers{7, 7, 8, 7}));
}

TEST_F(Csv, SkipsCommentsBlankLinesAndByteOrderMarks) {
  const Catalog c = read(
      "\xEF\xBB\xBF# a comment, with \"quotes\n\n  # another\r\n x , sigma \r\n\r\n 1 ,\t2\r\n#end\n+3,4");
  EXPECT_EQ(c.x, (Numbers{1, 3}));
  EXPECT_EQ(c.sigma, (Numbers{2, 4}));
}

TEST_F(Csv, ReadsQuotedFields) {
  const Catalog c =
      read("id,\"x\",sigma\n\"a, \"\"b\"\"\",\"1\",2\n\"two\nlines\", 3 ,4\n\"\",5,6\n# \"\n\"#7\" ,7,8\n");
  EXPECT_EQ(c.id, (Texts{"a, \"b\"", "two\nlines", "", "#7"}));
  EXPECT_EQ(c.x, (Numbers{1, 3, 5, 7}));
  EXPECT_EQ(c.sigma, (Numbers{2, 4, 6, 8}));
}

TEST_F(Csv, CountsLinesAcrossQuotedOnes) {
  expect_error("id,x\n\"two\nlines\",3\nc,oops\n", "row 1 \\(line 4\\), column 'x': 'oops' is not a number");
}

TEST_F(Csv, ReadsWhatTheTextbookHolds) {
  const Catalog c =
      read_csv(std::filesystem::path(STARLING_TEST_DATA) / "eight_schools.csv", {.x = "effect"});
  EXPECT_EQ(c.x, (Numbers{28, 8, -3, 7, -1, 1, 18, 12}));
  EXPECT_EQ(c.sigma, (Numbers{15, 10, 16, 11, 9, 11, 10, 18}));
  EXPECT_EQ(c.find("C"), 2U);
}

TEST_F(Csv, HashesTheBytesOfTheFile) {
  // printf 'x\n1\n' | sha256sum
  EXPECT_EQ(read("x\n1\n").hash, "daff832f802000e645771a60983c76c963f6ee602a6230e45237bd360e91cc1a");
}

TEST_F(Csv, NamesTheNearestColumnAndListsAll) {
  expect_error("mass,mass_err\n1,2\n",
               "has no column 'mas' \\(did you mean 'mass'\\?\\); its columns: mass, mass_err$",
               {.x = "mas"});
  expect_error("x,sgima\n1,2\n", "has no column 'sigma' \\(did you mean 'sgima'\\?\\)", {.sigma = "sigma"});
  expect_error("x,s\n1,2\n", "has no column 'weights'; its columns: x, s$", {.weight = "weights"});
  expect_error("a,b\n1,2\n", "has no column 'x'");
  expect_error("x;sigma\n1;2\n", "separated by commas");
  expect_error("x\tsigma\n1\t2\n", "separated by commas");
}

TEST_F(Csv, NamesRowLineColumnValueAndWhatWasExpected) {
  expect_error("x,sigma\n1,2\n# note\n1.5x,2\n",
               "row 1 \\(line 4\\), column 'x': '1.5x' is not a number, expected a finite number$");
  expect_error("x,sigma\n1,two\n",
               "row 0 \\(line 2\\), column 'sigma': 'two' is not a number, expected .* > 0");
  expect_error("x\n1,5\n", "row 0 \\(line 2\\) has 2 fields, expected 1");
  expect_error("x,sigma\n1,2\n3\n", "row 1 \\(line 3\\) has 1 fields, expected 2 as in the header row");
  expect_error("x\n1e999\n", "row 0 \\(line 2\\), column 'x': '1e999' is beyond double precision");
  expect_error("x\n--1\n", "'--1' is not a number");
  expect_error("x\n+-1\n", "'\\+-1' is not a number");
  expect_error("x\n0x10\n", "'0x10' is not a number");
  expect_error("x\n1 2\n", "'1 2' is not a number");
}

TEST_F(Csv, RefusesValuesThatMakeNoSense) {
  expect_error("x\nnan\n", "column 'x': 'nan', expected a finite number; --drop-bad-rows");
  expect_error("x\n-inf\n", "'-inf', expected a finite number");
  expect_error("x,y\n,1\n", "column 'x': is empty, expected a finite number");
  expect_error("x\nN/A\n", "'N/A', expected a finite number");
  expect_error("x,sigma\n1,0\n", "column 'sigma': '0', expected a finite number > 0; --drop-bad-rows");
  expect_error("x,sigma\n1,-3\n", "column 'sigma': '-3', expected a finite number > 0");
  expect_error("x,weight\n1,-1\n", "column 'weight': '-1', expected a finite number >= 0$");
  expect_error("x,weight\n1,0\n2,0\n", "all weights are 0");
}

TEST_F(Csv, RefusesFilesThatAreNoCatalogs) {
  expect_error("", "is empty, expected a header row");
  expect_error("# only\n\n# comments\n", "is empty");
  expect_error("x,sigma\n", "has a header row but no data rows");
  expect_error("1,2\n3,4\n", "line 1 holds numbers \\('1'\\), expected a header row");
  expect_error("x,sigma,x\n1,2,3\n", "line 1 names column 'x' twice");
  expect_error("id,x\n\"open,1\n2,3\n", "line 2: a quoted field that begins here is never closed");
  expect_error("id,x\n\"a\"b,1\n", "line 2: text after the closing quote of \"a\"");
  expect_error(std::string("x\0y\n", 4), "is not a text file");
  expect_input_error([&] { read_csv(folder_ / "none.csv"); }, "none.csv: no such file");
  expect_input_error([&] { read_csv(folder_); }, "is a folder, expected a file");
  expect_input_error([&] { starling::read_catalog(folder_); }, "is a folder, expected a file");
  expect_input_error([&] { starling::read_catalog(file("cat.txt", "x\n1\n")); },
                     "unknown kind of catalog '.txt', expected .csv, .h5, .hdf5 or .fits");
}

TEST_F(Csv, RefusesOptionsThatMakeNoSense) {
  expect_error("x\n1\n", "posterior samples \\('mu'\\) are read from HDF5 and FITS only", {.samples = "mu"});
  expect_error("x\n1\n", "interim prior", {.interim_prior = "normal(0, 1)"});
  expect_input_error([&] { read("x\n1\n", {.sigma_value = 0.0}); },
                     "sigma = 0: expected a finite number > 0");
  expect_input_error([&] { read("x,s\n1,1\n", {.sigma = "s", .sigma_value = 1.0}); },
                     "column 's' and as the number 1");
}

TEST_F(Csv, DropsBadRowsIfAskedAndSaysWhich) {
  Texts notes;
  const Catalog c = read("id,x,sigma,weight\na,1,1,1\nb,nan,1,1\nc,2,0,1\nd,3,1,1\ne,,1,1\nf,4,1,inf\n",
                         {.drop_bad_rows = true}, &notes);
  EXPECT_EQ(c.id, (Texts{"a", "d"}));
  EXPECT_EQ(c.x, (Numbers{1, 3}));
  EXPECT_EQ(c.weight.size(), 2U);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("dropped 4 of 6 rows"), std::string::npos) << notes[0];
  EXPECT_NE(notes[0].find("rows 1, 2, 4, 5 (from 0)"), std::string::npos) << notes[0];
  expect_error("x\nnan\n", "none of its 1 rows can be used", {.drop_bad_rows = true});
  expect_error("x\n1\noops\n", "'oops' is not a number", {.drop_bad_rows = true});
  expect_error("x,weight\n1,1\n2,-1\n", "'-1', expected", {.drop_bad_rows = true});
  notes.clear();
  read("x\n1\n", {.drop_bad_rows = true}, &notes);
  EXPECT_TRUE(notes.empty());
}

TEST_F(Csv, RoundTripsBitForBit) {
  Catalog c;
  for (const double x : {0.1, -0.0, 1.0 / 3, 5e-324, 1.7976931348623157e308, -123456789.123456789, 1e22}) {
    c.x.push_back(x);
    c.sigma.push_back(std::fabs(x) + 0x1p-1074);
    c.weight.push_back(1 / (1 + std::fabs(x)));
  }
  c.sigma[4] = 1;
  c.id = {"", "a,b", "say \"hi\"", " blanks ", "#no comment", "two\nlines", "\xce\xb1"};
  const Numbers truth{1, 2, 3, 4, 5, 6, 0.7};
  starling::write_catalog(folder_ / "out.csv", c, truth);
  const Catalog back = read_csv(folder_ / "out.csv");
  for (std::size_t i = 0; i < c.size(); ++i) {
    EXPECT_EQ(std::signbit(back.x[i]), std::signbit(c.x[i]));
    EXPECT_EQ(back.x[i], c.x[i]);
    EXPECT_EQ(back.sigma[i], c.sigma[i]);
    EXPECT_EQ(back.weight[i], c.weight[i]);
  }
  EXPECT_EQ(back.id, c.id);
  EXPECT_EQ(read_csv(folder_ / "out.csv", {.x = "mu"}).x, truth);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out.csv.tmp"));
}

TEST_F(Csv, WritesOneNoiseForEveryRow) {
  Catalog c;
  c.x = {1, 2};
  c.sigma = {0.5};
  starling::write_catalog(folder_ / "out.csv", c);
  EXPECT_EQ(bytes_of(folder_ / "out.csv"), "x,sigma\n1,0.5\n2,0.5\n");
}

TEST_F(Csv, WritingWhereItCannotIsAClearError) {
  Catalog c;
  c.x = {1, 2};
  expect_input_error([&] { starling::write_catalog(folder_ / "no/out.csv", c); },
                     "there is no folder '.*no'");
  expect_input_error([&] { starling::write_catalog(folder_ / "out.txt", c); },
                     "unknown kind of catalog '.txt'");
  expect_input_error([&] { starling::write_catalog(folder_ / "out.csv", c, {1}); },
                     "mu .* has 1 values, expected 2");
  std::filesystem::create_symlink("/dev/full", folder_ / "full.csv");
  EXPECT_THROW(starling::write_catalog(folder_ / "full.csv", c), starling::RunError);
  c.samples = {1, 2};
  c.offsets = {0, 1, 2};
  expect_input_error([&] { starling::write_catalog(folder_ / "out.csv", c); }, "hold no posterior samples");
}

TEST_F(Csv, ReadsStandardInput) {
  const auto path = file("in.csv", "x,sigma\n1,2\n3,oops\n");
  const pid_t child = fork();
  if (child == 0) {
    if (std::freopen(path.c_str(), "r", stdin) == nullptr) _exit(9);
    try {
      starling::read_catalog("-");
    } catch (const starling::InputError& error) {
      _exit(std::string(error.what()).starts_with("standard input: row 1 (line 3), column 'sigma'") ? 1 : 2);
    }
    _exit(3);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 1);
}

TEST_F(Csv, ReadsAMillionRowsInSeconds) {
  std::string text = "id,x,sigma\n";
  for (int i = 0; i < 1'000'000; ++i) text += std::to_string(i) + ",-0.12345678901234567,1.0123456789\n";
  const auto path = file("large.csv", text);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(read_csv(path).size(), 1'000'000U);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  RecordProperty("seconds", std::to_string(took.count()));
  EXPECT_LT(took.count(), 20);  // 0.4 s on one core of 2024; slow only if something became quadratic
}

TEST_F(Csv, ReadsAMillionColumnsInSeconds) {
  std::string names = "x,sigma", row = "1.5,0.5";
  for (int i = 0; i < 1'000'000; ++i) {
    names += ",c" + std::to_string(i);
    row += ",0";
  }
  const auto path = file("wide.csv", names + "\n" + row + "\n" + row + "\n");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(read_csv(path).x, (std::vector<double>{1.5, 1.5}));
  CatalogOptions missing;
  missing.x = "c1000000";
  expect_input_error([&] { read_csv(path, missing); },
                     "has no column 'c1000000' \\(did you mean 'c100000'\\?\\).*");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_LT(took.count(), 120);  // two seconds; slow only if something became quadratic
}

}  // namespace
