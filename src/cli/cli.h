// The command line of vf: reads arguments and runs the command that they name. Above every other folder; one thread.
// Exit codes: 0 done, 1 a negative answer or a failure, 2 wrong usage or configuration.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace vf::cli {

inline constexpr const char* kVersion = "0.1.0";  // as in CMakeLists.txt; a test compares

struct Streams {
  std::ostream& out;
  std::ostream& err;
};

/// `arguments` without the program's name. Returns the exit code.
int run(const std::vector<std::string>& arguments, Streams streams);

}  // namespace vf::cli
