// The path of a file without symbolic links. A pure function of the file system. Thread safe.
#pragma once

#include <string>

namespace vf::platform {

/// Returns the absolute path of the file to which `path` leads, also where that file, or a folder on the way, does not
/// exist yet: a symbolic link to nothing is followed, because what is created at its path is created where it leads.
/// Returns `path` itself if it cannot be followed (a loop, no access).
std::string real_path(const std::string& path);

}  // namespace vf::platform
