// The program `starling`, and every program made by starling_add_model.
#include "starling/program.hpp"

int main(int argc, char** argv) {
  return starling::run_command_line(argc, argv);
}
