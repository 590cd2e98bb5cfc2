// StoreUrl: which store a configured address leads to. A value and pure functions.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/value_readers.h"

namespace vf::settings {

struct StoreUrl {
  enum class Kind { none, sqlite, postgresql, chdb, clickhouse };
  Kind kind = Kind::none;
  std::string location;  // sqlite and chdb: a path, absolute once placed; else the whole URL, which may have a password
};

/// `store` with a relative path put under `data_dir`; a URL stays as it is.
StoreUrl placed(StoreUrl store, const std::filesystem::path& data_dir);

/// The databases that a placed store's address may lead to: its file, or "host:port/database" for each of its hosts.
/// Equal texts are the same database, whoever the user is. Empty where the address names none.
std::vector<std::string> databases_of(const StoreUrl& store);

}  // namespace vf::settings

/// The row's words are the schemes that the key takes.
template <>
struct vf::config::Value<vf::settings::StoreUrl> {
  static constexpr Type kType{.name = "store"};
  static Complaint read(const std::string& text, const Row& rules, settings::StoreUrl& out);
};
