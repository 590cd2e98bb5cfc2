// Reads the document of the hub's settings: the values in the configuration file (or, without a file, those of
// defaults_for_up), in the overrides, and the defaults. Reads one file.
#pragma once

#include <filesystem>
#include <string>

#include "config/document.h"
#include "settings/load.h"

namespace vf::settings {

/// Returns the YAML that `vf up` uses without a file: two environments with their targets, and the source Kick; with
/// fake providers (`simulated`) also the source Sumsub.
std::string defaults_for_up(bool simulated);

config::Document read_document(const LoadParams& params);

/// Returns data_dir as an absolute path; empty when it refers to a variable that is not set.
std::filesystem::path data_dir_of(const config::Document& document, const LoadParams& params);

}  // namespace vf::settings
