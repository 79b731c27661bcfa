/// What a population or a measurement says of itself: its hyperparameters, fixed arguments and columns.
#pragma once

#include <limits>
#include <string>

namespace starling {

/// A hyperparameter: what users call it, where its density may be evaluated, and its prior if they give none.
struct Parameter {
  std::string name;
  double lower = -std::numeric_limits<double>::infinity();  ///< theta > lower ...
  double upper = std::numeric_limits<double>::infinity();   ///< ... and theta < upper
  std::string meaning;                                      ///< one line for `starling info`
  std::string prior = "";  ///< as on the command line; "": the user must give one
};

/// A number fixed when a model is named, as x_min in schechter(x_min=9); a population or measurement that has
/// some has a constructor from all of them, in the order of its arguments().
struct Argument {
  std::string name;
  double value;  ///< if the user gives none; NaN: the user must
  double lower, upper;
  std::string meaning;
};

/// A column of the catalog that a measurement reads.
struct Column {
  enum class Values { any, positive, not_negative, count };
  std::string role;  ///< "x", "sigma" or another name: --column ROLE=COLUMN
  bool required;
  double missing;  ///< stands for a column that is not there
  Values values;   ///< what may be in it
  std::string meaning;
};

}  // namespace starling
