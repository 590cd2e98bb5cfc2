// The document of our settings: what is written in the file and the overrides, or what `vf up` runs without a file, and
// the defaults. Reads one file.
#pragma once

#include <filesystem>
#include <string>

#include "config/document.h"
#include "settings/load.h"

namespace vf::settings {

/// What `vf up` runs without a file: two environments with their targets, Kick, and with fake providers Sumsub too.
std::string defaults_for_up(bool simulated);

config::Document read_document(const LoadParams& params);

/// Absolute. Empty when it names a variable that is not set.
std::filesystem::path data_dir_of(const config::Document& document, const LoadParams& params);

}  // namespace vf::settings
