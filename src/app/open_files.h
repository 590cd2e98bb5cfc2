// Open files: how many this process may have. A connection is one; shells and service managers start programs with
// 1,024, which is less than ingest.connections. Call it before threads start.
#pragma once

namespace vf::app {

/// Raises the limit as far as the system allows without being asked (the hard limit).
void allow_many_open_files();

}  // namespace vf::app
