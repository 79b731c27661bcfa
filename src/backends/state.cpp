#include "backends/state.hpp"

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

void State::list(std::vector<double>& values) {
  std::uint64_t count = values.size();
  number(count);
  if (restores()) values.resize(count);
  bytes(values.data(), count * sizeof(double));
}
void State::text(std::string& value) {
  std::uint64_t count = value.size();
  number(count);
  if (restores()) value.resize(count);
  bytes(value.data(), count);
}

}  // namespace starling
