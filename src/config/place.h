// Where stores and servers are, read out of their addresses: for the checks of values and between keys. Internal to
// src/config. Pure functions.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace vf::config {

/// What follows "scheme://" up to the path, without "user:password@". `url` holds "://".
std::string_view authority(std::string_view url);

/// `store` with a relative path put under `data_dir`; what is no path stays.
StoreUrl placed(StoreUrl store, const std::filesystem::path& data_dir);

/// The databases that a placed store's address may lead to: its file, or "host:port/database" for each of its hosts.
/// Equal texts are the same database, whoever the user is. Empty where the address names none.
std::vector<std::string> databases_of(const StoreUrl& store);

}  // namespace vf::config
