/// What the fuzzed readers share: taking bytes for decisions, files, and which errors are as they should be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "starling/catalog.hpp"
#include "starling/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

/// Decisions out of bytes; all are 0 where the bytes have ended.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}

  [[nodiscard]] bool empty() const { return left_ == 0; }
  std::uint8_t byte();
  /// 0 to bound - 1; `bound` is 256 at most.
  std::size_t below(std::size_t bound) { return byte() % bound; }
  /// Eight bytes, of which the last ones may be missing.
  std::uint64_t word();
  double number();
  /// Up to `most` bytes, of which the first says how many.
  std::string text(std::size_t most);
  /// Up to the next `end`, which is dropped.
  std::string until(char end);
  std::string rest();
  template <class T, std::size_t n>
  const T& one_of(const T (&choices)[n]) {
    return choices[below(n)];
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

/// An empty folder in memory, one for each process, removed at its end.
const std::filesystem::path& folder();
/// The file of that name in it, with these bytes.
std::filesystem::path file_of(const std::string& name, std::string_view bytes);

/// "x=flux;sigma=0.5;role:trials=n;drop" as options; what is not known is passed over.
starling::CatalogOptions options_of(const std::string& text);

/// Calls what reads; messages that say what is wrong with the input are right.
template <class Reader>
void read(Reader&& reader) {
  try {
    reader();
  } catch (const starling::InputError&) {
  } catch (const starling::RunError&) {
  }
}

/// Stops the program unless `good`.
void require(bool good, const char* what);
/// That the sizes of a catalog fit together and its numbers are as check() wants them.
void require_whole(const starling::Catalog& catalog);

}  // namespace fuzz
