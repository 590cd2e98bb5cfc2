// Open files: how many this process may have. A connection is one; shells and service managers start programs with
// 1,024, which is less than ingest.connections. Call it before threads start.
#pragma once

#include <cstdint>
#include <optional>

namespace vf::platform {

/// Raises the limit as far as the system allows without being asked (the hard limit).
void allow_many_open_files();

/// How many files this process may have open once allow_many_open_files() was called; nullopt when the system tells
/// not.
std::optional<uint64_t> open_files_max();

}  // namespace vf::platform
