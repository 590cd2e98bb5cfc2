// StoreUrl: the kind and the address of a configured store. A value and pure functions.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "config/value_readers.h"

namespace vf::settings {

struct StoreUrl {
  enum class Kind { none, sqlite, postgresql, chdb, clickhouse };
  Kind kind = Kind::none;
  std::string path;  // sqlite, chdb: absolute after placed()
  Address address;   // postgresql, clickhouse

  /// Returns the path, or the address without what may be secret in it.
  std::string shown() const;
};

/// Returns a store as it is written in a configuration, without what may be secret in it.
std::string shown_store(const std::string& text);

/// Refuses an address of HTTP that names its host by an IP address to which nothing may connect, such as 0.0.0.0.
config::Complaint check_reachable(std::string_view url);

/// Returns `store` with its path, if it is relative, put under `data_dir`; an address stays unchanged.
StoreUrl placed(StoreUrl store, const std::filesystem::path& data_dir);

/// Returns the databases that the address of a store after placed() may lead to: the file of SQLite (without symbolic
/// links), or "host:port/database" for each host of PostgreSQL, which may be the directory of a socket. Equal texts
/// mean the same database; the user does not matter. Returns none for other kinds, and for an address without a
/// database.
std::vector<std::string> databases_of(const StoreUrl& store);

}  // namespace vf::settings

/// The row's words are the schemes that the key accepts.
template <>
struct vf::config::Value<vf::settings::StoreUrl> {
  static constexpr Type kType{.name = "store", .shown = settings::shown_store};
  static Complaint read(const std::string& text, const Row& rules, settings::StoreUrl& out);
};
