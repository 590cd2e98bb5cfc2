// StoreUrl: the kind and the address of a configured store. A value and pure functions.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/value_readers.h"

namespace vf::settings {

struct StoreUrl {
  enum class Kind { none, sqlite, postgresql, chdb, clickhouse };
  Kind kind = Kind::none;
  // sqlite, chdb: a path, absolute after placed(); otherwise the whole URL, which may have a password.
  std::string location;
};

/// Returns `store` with its path, if it is relative, put under `data_dir`; a URL stays unchanged.
StoreUrl placed(StoreUrl store, const std::filesystem::path& data_dir);

/// Returns the databases that the address of a store after placed() may lead to: the file of SQLite (without symbolic
/// links), or "host:port/database" for each host of PostgreSQL. Equal texts mean the same database; the user does not
/// matter. Returns none for other kinds, and for an address without a database.
std::vector<std::string> databases_of(const StoreUrl& store);

}  // namespace vf::settings

/// The row's words are the schemes that the key accepts.
template <>
struct vf::config::Value<vf::settings::StoreUrl> {
  static constexpr Type kType{.name = "store"};
  static Complaint read(const std::string& text, const Row& rules, settings::StoreUrl& out);
};
