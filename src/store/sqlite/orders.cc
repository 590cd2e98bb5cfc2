#include "store/sqlite/orders.h"

#include <filesystem>

#include "store/sqlite/connection.h"

namespace vf::store::sqlite {

Result<std::vector<PutSetting>> read_orders(const std::string& path) {
  if (std::error_code ignored; !std::filesystem::exists(path, ignored)) return std::vector<PutSetting>{};
  VF_ASSIGN(auto db, Connection::open({.path = path, .read_only = true}));
  Query query = db.query("SELECT key, value FROM ingest_settings");
  return collect(query, [](const Query& row) { return PutSetting{.key = row.text_at(0), .value = row.text_at(1)}; });
}

}  // namespace vf::store::sqlite
