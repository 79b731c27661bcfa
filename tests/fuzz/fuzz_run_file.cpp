// Run files, and the record of a run that is made of them.
#include "cli/settings.hpp"
#include "input.hpp"

namespace cli = starling::cli;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  fuzz::read([&] {
    cli::Request request;
    cli::read_run_file(fuzz::file_of("run.toml", text), request);
    fuzz::read([&] { static_cast<void>(cli::catalog_options(request)); });
    for (const bool all : {false, true}) {
      const std::string record = cli::run_file_text(request, all);
      cli::Request again;
      try {
        cli::read_run_text(record, "record", again);
      } catch (const starling::InputError& error) {
        fuzz::require(false, error.what());
      }
      fuzz::require(cli::run_file_text(again, all) == record, "a record reads back as it was written");
    }
  });
  return 0;
}
