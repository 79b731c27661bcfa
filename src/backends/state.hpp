/// Saving and restoring what a run carries from one sweep to the next. One list of members serves both ways:
/// a State that saves hands their bytes out, one that restores fills them from the same bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "starling/chain.hpp"

namespace starling {

/// All functions are compiled once, for any machine: the kernels' instruction sets must not get into them.
class State {
 public:
  explicit State(SaveBytes save);
  explicit State(LoadBytes load);

  [[nodiscard]] bool restores() const { return static_cast<bool>(load_); }

  /// Arrays whose length is the same on both sides. Throws RunError where it was another.
  void array(float* values, std::uint64_t count);
  void array(double* values, std::uint64_t count);
  void array(std::uint64_t* values, std::uint64_t count);
  /// The two halves of such an array: its length, and a piece of its values.
  void length(std::uint64_t count);
  void raw(float* values, std::uint64_t count);
  void raw(double* values, std::uint64_t count);

  void number(double& value);
  void number(std::uint64_t& value);
  void number(bool& value);
  /// Arrays that take the length they had.
  void list(std::vector<double>& values);
  void text(std::string& value);

 private:
  void bytes(void* data, std::uint64_t size);
  template <class Values>
  void of_any_length(Values& values);

  SaveBytes save_;
  LoadBytes load_;
};

}  // namespace starling
