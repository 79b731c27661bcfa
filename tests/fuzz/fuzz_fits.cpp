// Catalogs as FITS: a line of options, then the file. It is made of lines, one card each, an empty line after
// the cards of a header, and the rest as data; or, after options that begin with '!', it is there byte for
// byte.
#include "input.hpp"

namespace {

constexpr std::size_t kBlock = 2880, kCard = 80;

void fill_up(std::string& file, char filler) {
  file.resize((file.size() + kBlock - 1) / kBlock * kBlock, filler);
}

std::string made_file(fuzz::Input& input) {
  std::string file;
  for (int headers = 0; headers < 2;) {
    std::string card = input.until('\n');
    const bool last = card.empty() || file.size() > (1 << 16);
    if (last) card = "END";
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
  const std::string text = input.until('\n');
  const bool whole = text.starts_with('!');
  const auto options = fuzz::options_of(text.substr(whole ? 1 : 0));
  const auto path = fuzz::file_of("catalog.fits", whole ? input.rest() : made_file(input));
  fuzz::read([&] { fuzz::require_whole(starling::read_fits(path, options)); });
  return 0;
}
