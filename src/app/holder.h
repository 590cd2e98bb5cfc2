// The name of this process among the processes that share a database: holder of leases and of runs.
#pragma once

#include <cstdint>
#include <string>

namespace vf::app {

/// Returns "<host>/<process id>/<chance>". It is unique even in containers, where process ids repeat.
std::string process_name(uint64_t chance);

}  // namespace vf::app
