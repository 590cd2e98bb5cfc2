// Checks between keys, after each has been read by itself. Internal to src/config. A pure function.
#pragma once

#include <vector>

#include "config/document.h"
#include "config/load.h"

namespace vf::config {

struct Findings {
  std::vector<Problem> problems, warnings;
};

Findings cross_check(const Config& config, const Document& document, const LoadParams& params);

}  // namespace vf::config
