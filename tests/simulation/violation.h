// Violation: thrown when an invariant does not hold; main() catches it and prints the seed.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

namespace vf::simulation {

struct Violation {
  std::string what;
};

/// Throws a Violation unless `holds`.
template <class... Args>
void require(bool holds, fmt::format_string<Args...> format, Args&&... args) {
  if (!holds) throw Violation{fmt::format(format, std::forward<Args>(args)...)};
}

}  // namespace vf::simulation
