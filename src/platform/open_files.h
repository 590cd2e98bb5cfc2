// Open files: how many this process may have. Every connection is one; shells and service managers start programs with
// a limit of 1,024, which is less than ingest.connections. Call this before threads start.
#pragma once

#include <cstdint>
#include <optional>

namespace vf::platform {

/// Raises the soft limit to the hard limit.
void allow_many_open_files();

/// The hard limit: how many files this process may open once allow_many_open_files() was called. nullopt when the
/// system does not say.
std::optional<uint64_t> open_files_max();

}  // namespace vf::platform
