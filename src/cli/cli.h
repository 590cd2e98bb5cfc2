// The command line of vf: reads the arguments and runs the command that they name. One thread.
// Exit codes: 0 done, 1 a negative result or a failure, 2 wrong usage or configuration.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace vf::cli {

inline constexpr const char* kVersion = "0.1.0";  // the version in CMakeLists.txt; a test compares the two

struct Streams {
  std::ostream& out;
  std::ostream& err;
};

/// Runs the command. `arguments` do not include the program's name. Returns the exit code.
int run(const std::vector<std::string>& arguments, Streams streams);

}  // namespace vf::cli
