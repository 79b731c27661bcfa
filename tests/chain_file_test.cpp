// Chain files give back what was written, bit for bit, and say clearly when they are none.
#include <gtest/gtest.h>
#include <netcdf.h>

#include <regex>

#include "chain_support.hpp"
#include "starling/error.hpp"

namespace {

using namespace chain_test;
using starling::Catalog;
using starling::Chain;
using starling::ChainFileOptions;
using starling::InputError;

void expect_same(const Catalog& a, const Catalog& b) {
  EXPECT_TRUE(same_bits(a.x, b.x));
  EXPECT_TRUE(same_bits(a.sigma, b.sigma));
  EXPECT_TRUE(same_bits(a.weight, b.weight));
  EXPECT_EQ(a.id, b.id);
  EXPECT_TRUE(same_bits(a.samples, b.samples));
  EXPECT_EQ(a.offsets, b.offsets);
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.hash, b.hash);
}

void expect_same(const starling::ChainHeader& a, const starling::ChainHeader& b) {
  EXPECT_EQ(a.method, b.method);
  EXPECT_EQ(a.population, b.population);
  EXPECT_EQ(a.measurement, b.measurement);
  EXPECT_EQ(a.integral, b.integral);
  EXPECT_EQ(a.latent_update, b.latent_update);
  EXPECT_EQ(a.parameters, b.parameters);
  EXPECT_EQ(a.priors, b.priors);
  EXPECT_EQ(a.ensembles, b.ensembles);
  EXPECT_EQ(a.walkers, b.walkers);
  EXPECT_EQ(a.burn_in, b.burn_in);
  EXPECT_EQ(a.steps, b.steps);
  EXPECT_EQ(a.thin, b.thin);
  EXPECT_EQ(a.seed, b.seed);
  EXPECT_EQ(a.interweaving, b.interweaving);
  EXPECT_EQ(a.device, b.device);
  EXPECT_EQ(a.attributes, b.attributes);
}

void expect_same(const starling::ChainResults& a, const starling::ChainResults& b) {
  EXPECT_EQ(a.complete, b.complete);
  EXPECT_EQ(a.attributes, b.attributes);
  EXPECT_TRUE(same_bits(a.latents.mean, b.latents.mean));
  EXPECT_TRUE(same_bits(a.latents.sd, b.latents.sd));
  EXPECT_EQ(a.monte_carlo.variance, b.monte_carlo.variance);
  EXPECT_TRUE(same_bits(a.monte_carlo.expected_bias, b.monte_carlo.expected_bias));
  ASSERT_EQ(a.monte_carlo.worst.size(), b.monte_carlo.worst.size());
  for (std::size_t i = 0; i < a.monte_carlo.worst.size(); ++i) {
    const auto &p = a.monte_carlo.worst[i], &q = b.monte_carlo.worst[i];
    EXPECT_EQ(p.index, q.index);
    EXPECT_EQ(p.variance, q.variance);
    EXPECT_EQ(p.n_eff, q.n_eff);
    EXPECT_EQ(p.samples, q.samples);
    EXPECT_EQ(p.needed, q.needed);
  }
}

void expect_same(const Chain& a, const Chain& b) {
  expect_same(a.header, b.header);
  expect_same(a.results, b.results);
  expect_same(a.observed, b.observed);
  expect_same_draws(a, b);
}

Chain in_memory(const std::string& method, const Catalog& objects, std::size_t length) {
  starling::MemorySink sink;
  run(sink, header(method), objects, results(method, objects), length);
  return sink.take();
}

std::string message_of(const std::filesystem::path& path) {
  try {
    starling::read_chain(path);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no InputError";
}

void expect_matches(const std::string& text, const std::string& pattern) {
  EXPECT_TRUE(std::regex_search(text, std::regex(pattern))) << text;
}

class ChainFileOfMethod : public testing::TestWithParam<const char*> {};

TEST_P(ChainFileOfMethod, GivesBackEveryFieldBitForBit) {
  const Folder folder;
  const Catalog objects = catalog();
  const auto expected_results = results(GetParam(), objects);
  const auto h = header(GetParam());
  run(*starling::chain_file(folder / "run.nc"), h, objects, expected_results);
  const Chain chain = starling::read_chain(folder / "run.nc");
  expect_same(chain.header, h);
  expect_same(chain.results, expected_results);
  expect_same(chain.observed, objects);
  ASSERT_EQ(chain.draws, 13U);  // 40 steps, every third
  for (std::size_t p = 0; p < 3; ++p) {
    for (std::size_t c = 0; c < 12; ++c) {
      for (std::size_t d = 0; d < 13; ++d) {
        const std::size_t sweep = 5 + 3 * d + 2;
        ASSERT_TRUE(same_bits<double>({chain.values(p)[c * 13 + d]}, {number(1, sweep, c, p)}))
            << p << c << d;
        ASSERT_TRUE(same_bits<double>({chain.lp[c * 13 + d]}, {number(3, sweep, c)}));
        ASSERT_TRUE(
            same_bits<float>({chain.acceptance[c * 13 + d]}, {static_cast<float>(number(4, sweep, c))}));
      }
    }
  }
  const bool joint = h.method == "joint";
  EXPECT_TRUE(same_bits(chain.sweep_theta, joint ? block(h, 0, 45).theta : std::vector<double>{}));
  EXPECT_TRUE(same_bits(chain.sweep_theta_centred, block(h, 0, 45).theta_centred));
}

TEST_P(ChainFileOfMethod, IsWhatTheMemorySinkGives) {
  const Folder folder;
  const Catalog objects = catalog();
  run(*starling::chain_file(folder / "run.nc"), header(GetParam()), objects, results(GetParam(), objects), 7);
  expect_same(starling::read_chain(folder / "run.nc"), in_memory(GetParam(), objects, 1));
}

INSTANTIATE_TEST_SUITE_P(Methods, ChainFileOfMethod, testing::Values("naive", "marginal", "joint"));

TEST(ChainFile, LeavesNothingBesideIt) {
  const Folder folder;
  run(*starling::chain_file(folder / "run.nc"), header("joint"), catalog(), results("joint", catalog()));
  const std::filesystem::directory_iterator files(folder / "");
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST(ChainFile, OfEqualRunsIsEqualByteForByteWhateverTheBlocks) {
  const Folder folder;
  const auto bytes = [&](std::size_t length) {
    run(*starling::chain_file(folder / "run.nc"), header("joint"), catalog(), results("joint", catalog()),
        length);
    std::string text = bytes_of(folder / "run.nc");
    std::size_t stamps = 0;
    for (auto at = text.find("+00:00"); at != std::string::npos; at = text.find("+00:00", at + 1), ++stamps) {
      text.replace(at - 19, 19, "yyyy-mm-ddThh:mm:ss");
    }
    EXPECT_GE(stamps, 1U);
    return text;
  };
  const std::string first = bytes(4);
  sleep(2);  // another second
  const std::string second = bytes(9);
  ASSERT_EQ(first.size(), second.size());
  std::size_t different = 0;
  for (std::size_t i = 0; i < first.size(); ++i) different += first[i] != second[i] ? 1 : 0;
  EXPECT_LE(different, 64U);  // HDF5's own checksums of the pages that hold the time stamps
}

TEST(ChainFile, HoldsNoDrawsBeforeTheFirst) {
  const Folder folder;
  const auto sink = starling::chain_file(folder / "run.nc");
  sink->begin(header("joint"), catalog());
  const Chain chain = starling::read_chain(folder / "run.nc");
  EXPECT_EQ(chain.draws, 0U);
  EXPECT_FALSE(chain.results.complete);
  expect_same(chain.header, header("joint"));
  expect_same(chain.observed, catalog());
}

TEST(ChainFile, OfAnInterruptedRunHoldsTheDrawsSoFar) {
  const Folder folder;
  const auto h = header("naive");
  const auto sink = starling::chain_file(folder / "run.nc");
  sink->begin(h, catalog());
  sink->append(block(h, 0, 22));  // sweeps 5 to 21 after burn-in: 5 draws
  sink->finish({});
  const Chain chain = starling::read_chain(folder / "run.nc");
  EXPECT_EQ(chain.draws, 5U);
  EXPECT_FALSE(chain.results.complete);
}

TEST(ChainFile, RefersToCatalogsThatAreTooLargeToKeep) {
  const Folder folder;
  run(*starling::chain_file(folder / "run.nc", {.observed_limit = 6}), header("joint"), catalog(7),
      results("joint", catalog(7)));
  const Chain chain = starling::read_chain(folder / "run.nc");
  EXPECT_EQ(chain.observed.size(), 0U);
  EXPECT_TRUE(chain.observed.id.empty());
  EXPECT_EQ(chain.observed.source, "galaxies.csv");
  EXPECT_EQ(chain.observed.hash, std::string(64, 'a'));
  EXPECT_EQ(chain.results.latents.mean.size(), 7U);
}

TEST(ChainFile, KeepsMediansOfASamplesCatalogButNotItsSamples) {
  const Folder folder;
  Catalog objects;
  objects.x = {1, 2};
  objects.samples = {1, 1, 2, 2};
  objects.offsets = {0, 2, 4};
  run(*starling::chain_file(folder / "run.nc"), header("marginal"), objects, results("marginal", objects));
  const Chain chain = starling::read_chain(folder / "run.nc");
  EXPECT_EQ(chain.observed.x, objects.x);
  EXPECT_FALSE(chain.observed.has_samples());
  EXPECT_TRUE(chain.observed.sigma.empty());
}

TEST(ChainFile, KeepsOneNoiseForAll) {
  const Folder folder;
  Catalog objects;
  objects.x = {1, 2, 3};
  objects.sigma = {0.5};
  run(*starling::chain_file(folder / "run.nc"), header("naive"), objects, {});
  EXPECT_EQ(starling::read_chain(folder / "run.nc").observed.sigma, objects.sigma);
}

TEST(ChainFile, HoldsTheWarmUpIfAsked) {
  const Folder folder;
  const auto h = header("naive");
  run(*starling::chain_file(folder / "run.nc", {.keep_warmup = true}), h, catalog(), {});
  int file = 0, group = 0, variable = 0;
  ASSERT_EQ(nc_open((folder / "run.nc").c_str(), NC_NOWRITE, &file), NC_NOERR);
  ASSERT_EQ(nc_inq_grp_ncid(file, "warmup_posterior", &group), NC_NOERR);
  ASSERT_EQ(nc_inq_varid(group, "theta_sigma", &variable), NC_NOERR);
  std::vector<double> values(12 * 5), expected;
  ASSERT_EQ(nc_get_var_double(group, variable, values.data()), NC_NOERR);
  nc_close(file);
  for (std::size_t c = 0; c < 12; ++c) {
    for (std::size_t t = 0; t < 5; ++t) expected.push_back(number(1, t, c, 1));
  }
  EXPECT_TRUE(same_bits(values, expected));
  EXPECT_EQ(starling::read_chain(folder / "run.nc").draws, 13U);
}

TEST(ChainFile, ReplacesTheOneOfAnEarlierRun) {
  const Folder folder;
  run(*starling::chain_file(folder / "run.nc"), header("joint"), catalog(), results("joint", catalog()));
  run(*starling::chain_file(folder / "run.nc"), header("naive"), catalog(), {});
  EXPECT_EQ(starling::read_chain(folder / "run.nc").header.method, "naive");
}

TEST(ChainSinks, RefuseBlocksOutOfOrderOrOfAnotherShape) {
  const Folder folder;
  const auto h = header("joint");
  const auto file = starling::chain_file(folder / "run.nc");
  starling::MemorySink memory;
  for (starling::ChainSink* sink : {file.get(), static_cast<starling::ChainSink*>(&memory)}) {
    sink->begin(h, catalog());
    sink->append(block(h, 0, 4));
    EXPECT_THROW(sink->append(block(h, 5, 4)), std::logic_error);
    EXPECT_THROW(sink->append(block(h, 3, 4)), std::logic_error);
    auto wrong = block(h, 4, 4);
    wrong.theta_centred.clear();
    EXPECT_THROW(sink->append(wrong), std::logic_error);
    wrong = block(h, 4, 4);
    wrong.lp.pop_back();
    EXPECT_THROW(sink->append(wrong), std::logic_error);
    EXPECT_NO_THROW(sink->append(block(h, 4, 4)));
  }
}

TEST(ReadingChains, InPartLeavesTheRestOut) {
  const Folder folder;
  run(*starling::chain_file(folder / "run.nc"), header("joint"), catalog(), results("joint", catalog()));
  const Chain head = starling::read_chain(folder / "run.nc", starling::ChainParts::header);
  const Chain draws = starling::read_chain(folder / "run.nc", starling::ChainParts::draws);
  const Chain all = starling::read_chain(folder / "run.nc");
  for (const Chain* chain : {&head, &draws}) {
    expect_same(chain->header, all.header);
    expect_same(chain->results, all.results);
    EXPECT_TRUE(chain->sweep_theta.empty() && chain->sweep_theta_centred.empty());
  }
  EXPECT_EQ(head.draws, 0U);
  EXPECT_TRUE(head.theta.empty());
  EXPECT_TRUE(same_bits(draws.theta, all.theta));
}

TEST(ReadingChains, SaysWhyAFileIsNone) {
  const Folder folder;
  expect_matches(message_of(folder / "none.nc"), "none.nc: no such file");
  expect_matches(message_of(folder / ""), "is a folder, expected a file");
  std::ofstream(folder / "text.nc") << "theta_mu,theta_sigma\n1,2\n";
  expect_matches(message_of(folder / "text.nc"), "text.nc: is not a chain file, expected NetCDF-4");
  std::ofstream(folder / "empty.nc").close();
  expect_matches(message_of(folder / "empty.nc"), "empty.nc: is not a chain file");
  int file = 0;
  ASSERT_EQ(nc_create((folder / "other.nc").c_str(), NC_NETCDF4, &file), NC_NOERR);
  nc_close(file);
  expect_matches(message_of(folder / "other.nc"), "other.nc: .* but not a chain file of Starling");
}

TEST(ReadingChains, OfAnotherVersionNamesBoth) {
  const Folder folder;
  run(*starling::chain_file(folder / "run.nc"), header("naive"), catalog(), {});
  int file = 0;
  ASSERT_EQ(nc_open((folder / "run.nc").c_str(), NC_WRITE, &file), NC_NOERR);
  const long long version = 2;
  ASSERT_EQ(nc_put_att_longlong(file, NC_GLOBAL, "starling_chain_version", NC_INT64, 1, &version), NC_NOERR);
  ASSERT_EQ(nc_close(file), NC_NOERR);
  expect_matches(message_of(folder / "run.nc"), "layout version 2, this Starling reads version 1");
}

TEST(ReadingChains, ThatAreCutShortIsAClearError) {
  const Folder folder;
  run(*starling::chain_file(folder / "run.nc"), header("joint"), catalog(), results("joint", catalog()));
  const std::string whole = bytes_of(folder / "run.nc");
  for (const double part : {0.01, 0.3, 0.7, 0.99}) {
    const auto size = static_cast<std::size_t>(part * static_cast<double>(whole.size()));
    std::ofstream(folder / "cut.nc", std::ios::binary)
        .write(whole.data(), static_cast<std::streamsize>(size));
    expect_matches(message_of(folder / "cut.nc"), "cut.nc: .*damaged or cut short");
  }
}

TEST(ReadingChains, WithoutAGroupOrVariableNamesIt) {
  const Folder folder;
  run(*starling::chain_file(folder / "run.nc"), header("naive"), catalog(), {});
  int file = 0, group = 0, variable = 0;
  ASSERT_EQ(nc_open((folder / "run.nc").c_str(), NC_WRITE, &file), NC_NOERR);
  ASSERT_EQ(nc_inq_grp_ncid(file, "sample_stats", &group), NC_NOERR);
  ASSERT_EQ(nc_inq_varid(group, "lp", &variable), NC_NOERR);
  ASSERT_EQ(nc_rename_var(group, variable, "lq"), NC_NOERR);
  ASSERT_EQ(nc_close(file), NC_NOERR);
  expect_matches(message_of(folder / "run.nc"), "run.nc: has no variable 'lp'");
}

/// A whole chain file in which `change` has changed something.
template <class Change>
std::string message_of_changed(const std::string& method, Change&& change) {
  const Folder folder;
  run(*starling::chain_file(folder / "run.nc"), header(method), catalog(), results(method, catalog()));
  int file = 0;
  EXPECT_EQ(nc_open((folder / "run.nc").c_str(), NC_WRITE, &file), NC_NOERR);
  EXPECT_EQ(change(file), NC_NOERR);
  EXPECT_EQ(nc_close(file), NC_NOERR);
  return message_of(folder / "run.nc");
}

TEST(ReadingChains, WithSizesThatCannotBeIsAClearError) {
  const auto with = [](const char* name, long long value) {
    return message_of_changed(
        "joint", [&](int file) { return nc_put_att_longlong(file, NC_GLOBAL, name, NC_INT64, 1, &value); });
  };
  expect_matches(with("walkers", -2), "attribute 'walkers' is -2, expected 0 or more; the file is damaged");
  expect_matches(with("walkers", 1LL << 62), "2 ensembles of 4611686018427387904 walkers");
  expect_matches(with("walkers", 1 << 20),
                 "variable 'theta_mu' has shape \\[12, 13\\], expected \\[2097152, 13\\]");
  expect_matches(with("thin", 0), "thin 0");
}

TEST(ReadingChains, WithListsOfOtherLengthsIsAClearError) {
  const char* texts[] = {"uniform(-5, 5)", nullptr};
  expect_matches(
      message_of_changed("joint",
                         [&](int file) { return nc_put_att_string(file, NC_GLOBAL, "priors", 2, texts); }),
      "3 parameters with 2 priors");
  // a list of the worst objects' shares that is shorter than that of the objects
  expect_matches(message_of_changed("marginal",
                                    [](int file) {
                                      int group = 0, variable = 0, one = 0;
                                      nc_inq_grp_ncid(file, "monte_carlo", &group);
                                      nc_inq_varid(group, "worst_n_eff", &variable);
                                      nc_rename_var(group, variable, "other");
                                      nc_def_dim(group, "one", 1, &one);
                                      return nc_def_var(group, "worst_n_eff", NC_DOUBLE, 1, &one, &variable);
                                    }),
                 "'worst_n_eff' has shape \\[1\\], expected \\[2\\]");
}

TEST(WritingChains, WhereItCannotIsSaidBeforeAnythingIsComputed) {
  const Folder folder;
  const auto message = [](const std::filesystem::path& path) -> std::string {
    try {
      starling::chain_file(path);
    } catch (const InputError& error) {
      return error.what();
    }
    return "no InputError";
  };
  expect_matches(message(folder / "missing/run.nc"), "there is no folder '.*missing'");
  expect_matches(message(folder / ""), "is a folder, expected the name of a file");
  expect_matches(message(""), "name of the output file is empty");
  expect_matches(message("/dev/null"), "/dev/null: is not a regular file");
}

}  // namespace
