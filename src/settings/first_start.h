// First start: creates the directory and the secrets that `vf up` needs. Thread safe; several processes may do it at
// once.
#pragma once

#include <expected>
#include <filesystem>
#include <vector>

#include "settings/load.h"

namespace vf::settings {

/// Creates data_dir (mode 0700) and a generated secret in every default `file:` that does not exist yet (mode 0600;
/// each file is written completely or not at all). Returns the paths created. Never changes a file that exists.
std::expected<std::vector<std::filesystem::path>, std::vector<config::Problem>> first_start(const LoadParams& params);

}  // namespace vf::settings
