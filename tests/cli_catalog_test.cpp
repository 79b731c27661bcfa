// What the program reads of a catalog: columns by role, masks, tables, FITS files.
#include "cli_program.hpp"
#include "starling/catalog.hpp"

namespace {

using cli_test::join;
using cli_test::quick;
using CatalogSettings = cli_test::Program;

TEST_F(CatalogSettings, ColumnsByRoleGoThroughFlagsAndRunFiles) {
  write("cat.csv", "x,sigma,n,z\n1,0.5,3,0.1\n2,0.5,4,0.2\n");
  const auto flags = join({"fit", "cat.csv", "--dry-run", "--measurement", "two_sided_normal", "--column",
                           "sigma_minus=n", "--column", "sigma_plus=2.5"},
                          quick);
  const auto text = must(flags);
  EXPECT_NE(text.find("columns"), std::string::npos) << text;
  EXPECT_NE(text.find("sigma_minus = \"n\""), std::string::npos) << text;
  EXPECT_NE(text.find("sigma_plus = \"2.5\""), std::string::npos) << text;
  write("run.toml", text);
  EXPECT_EQ(must({"fit", "--config", "run.toml", "--dry-run"}), text);
  EXPECT_NE(must({"fit", "--config", "run.toml", "--dry-run", "--column", "sigma_minus=z"}), text);
  const auto refused = [&](const std::string& column, const std::string& why) {
    const auto outcome = run(join(
        {"fit", "cat.csv", "--dry-run", "--measurement", "two_sided_normal", "--column", column}, quick));
    EXPECT_EQ(outcome.status, 2);
    EXPECT_NE(outcome.err.find(why), std::string::npos) << outcome.err;
  };
  refused("sigma_minus=m", "cat.csv: has no column 'm'");
  refused("sigma=n", "column role 'sigma': that name is taken");
  refused("sigma_minus", "--column");
}

TEST_F(CatalogSettings, FitsFilesAreWrittenFittedAndFoundAgain) {
  must({"simulate", "--truth", "theta_mu=0,theta_sigma=1", "--sigma", "0.5", "--objects", "50", "--samples",
        "20", "-o", "cat.fits"});
  const auto catalog = starling::read_catalog(folder_ / "cat.fits", {.samples = "samples"});
  EXPECT_EQ(catalog.size(), 50U);
  EXPECT_EQ(catalog.samples.size(), 1000U);
  must(join({"fit", "cat.fits[catalog]", "--method", "joint", "-o", "points.nc"}, quick));
  must(join({"fit", "cat.fits[catalog]", "--samples", "samples", "-o", "run.nc"}, quick));
  must({"latents", "run.nc", "--object", "3"});  // reads the file again
  const auto outcome = run(join({"fit", "cat.fits[stars]", "-o", "no.nc"}, quick));
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("has no extension 'stars'"), std::string::npos) << outcome.err;
}

TEST_F(CatalogSettings, MasksAndTablesAreForFilesThatHaveThem) {
  write("cat.csv", "x,sigma\n1,0.5\n2,0.5\n");
  for (const char* flag : {"--mask", "--table"}) {
    const auto outcome = run(join({"fit", "cat.csv", "--dry-run", flag, "x"}, quick));
    EXPECT_EQ(outcome.status, 2);
    EXPECT_NE(outcome.err.find("is for HDF5 and FITS files"), std::string::npos) << outcome.err;
  }
}

}  // namespace
