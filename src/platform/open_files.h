// The limit of files that this process may have open at once. Every connection takes one; shells and service managers
// start programs with a limit of 1,024, which is less than ingest.connections. Call both functions before threads
// start.
#pragma once

#include <cstdint>
#include <optional>

namespace vf::platform {

/// Raises the soft limit to the hard limit. When the system refuses, the old limit stays.
void allow_many_open_files();

/// Returns the hard limit: how many files this process may have open after allow_many_open_files(). Returns nullopt
/// when the limit cannot be read.
std::optional<uint64_t> open_files_max();

}  // namespace vf::platform
