#include "backends/state.hpp"

#include <algorithm>
#include <utility>

#include "starling/error.hpp"

namespace starling {

State::State(SaveBytes save) : save_(std::move(save)) {}
State::State(LoadBytes load) : load_(std::move(load)) {}

void State::bytes(void* data, std::uint64_t size) {
  if (size == 0) return;
  if (restores()) {
    load_(data, size);
  } else {
    save_(data, size);
  }
}

void State::length(std::uint64_t count) {
  std::uint64_t saved = count;
  number(saved);
  if (saved != count) throw RunError("the saved state is not of this run: an array has another length");
}
void State::raw(float* values, std::uint64_t count) {
  bytes(values, count * sizeof *values);
}
void State::raw(double* values, std::uint64_t count) {
  bytes(values, count * sizeof *values);
}

void State::array(float* values, std::uint64_t count) {
  length(count);
  raw(values, count);
}
void State::array(double* values, std::uint64_t count) {
  length(count);
  raw(values, count);
}
void State::array(std::uint64_t* values, std::uint64_t count) {
  length(count);
  bytes(values, count * sizeof *values);
}

void State::number(double& value) {
  bytes(&value, sizeof value);
}
void State::number(std::uint64_t& value) {
  bytes(&value, sizeof value);
}
void State::number(bool& value) {
  std::uint64_t number = value ? 1 : 0;
  bytes(&number, sizeof number);
  value = number != 0;
}

/// A length that was saved wrongly ends in an error of the loader, not in memory that there isn't: what is
/// there is read piece by piece.
template <class Values>
void State::of_any_length(Values& values) {
  std::uint64_t count = values.size();
  number(count);
  if (!restores()) {
    bytes(values.data(), count * sizeof values[0]);
    return;
  }
  values.clear();
  constexpr std::uint64_t piece = 1 << 17;
  for (std::uint64_t done = 0; done < count; done = values.size()) {
    values.resize(done + std::min(piece, count - done));
    bytes(values.data() + done, (values.size() - done) * sizeof values[0]);
  }
}

void State::list(std::vector<double>& values) {
  of_any_length(values);
}
void State::text(std::string& value) {
  of_any_length(value);
}

}  // namespace starling
