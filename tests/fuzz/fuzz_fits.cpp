// Catalogs as FITS: a line of options, then lines of one card each, an empty line after the cards of a
// header, and the rest as data. cfitsio 4.2 overruns its own memory where a value without quotes fills its
// card: cards are plain text here, and shorter.
#include <algorithm>

#include "input.hpp"

namespace {

constexpr std::size_t kBlock = 2880, kCard = 80, kLongest = 70;

void fill_up(std::string& file, char filler) {
  file.resize((file.size() + kBlock - 1) / kBlock * kBlock, filler);
}

std::string made_file(fuzz::Input& input) {
  std::string file;
  for (int headers = 0; headers < 2;) {
    std::string card = input.until('\n');
    const bool last = card.empty() || file.size() > (1 << 16);
    if (last) card = "END";
    card.resize(std::min(card.size(), kLongest));
    for (char& c : card)
      if (c < ' ' || c > '~') c = ' ';
    card.resize(kCard, ' ');
    file += card;
    if (!last) continue;
    fill_up(file, ' ');
    ++headers;
  }
  file += input.rest();
  fill_up(file, '\0');
  return file;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto options = fuzz::options_of(input.until('\n'));
  const auto path = fuzz::file_of("catalog.fits", made_file(input));
  fuzz::read([&] { fuzz::require_whole(starling::read_fits(path, options)); });
  return 0;
}
