// First start: creates what `vf up` may create for itself. Thread safe; several processes may do it at once.
#pragma once

#include <expected>
#include <filesystem>
#include <vector>

#include "settings/load.h"

namespace vf::settings {

/// Creates data_dir (0700), and every secret whose default `file:` does not exist yet (0600, each written whole or not
/// at all). Returns the paths created. Never touches a file that exists.
std::expected<std::vector<std::filesystem::path>, std::vector<config::Problem>> first_start(const LoadParams& params);

}  // namespace vf::settings
