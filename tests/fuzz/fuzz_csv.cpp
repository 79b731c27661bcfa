// Catalogs as CSV: a line of options, then the file.
#include "catalog/csv_records.hpp"
#include "input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto options = fuzz::options_of(input.until('\n'));
  const std::string text = input.rest();
  const auto path = fuzz::file_of("catalog.csv", text);
  fuzz::read([&] { fuzz::require_whole(starling::read_csv(path, options)); });
  // as a stretch of a longer file: it may end anywhere
  fuzz::read([&] {
    starling::CsvRecords records(text, "part", 2, false);
    while (records.next()) fuzz::require(!records.fields().empty(), "a record has fields");
    fuzz::require(records.position() <= text.size(), "records end with the text");
  });
  return 0;
}
