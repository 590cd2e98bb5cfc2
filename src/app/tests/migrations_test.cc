// What a role logs about a schema that a newer version has migrated. Real SQLite files; the newer version is a row of
// theirs.
#include "app/migrations.h"

#include <gmock/gmock.h>
#include <sqlite3.h>

#include "app/environment_role.h"
#include "app/ingest_role.h"
#include "settings/load.h"
#include "store/temporary_folder_test.h"

namespace vf::app {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class NewerSchema : public testing::Test {
 protected:
  NewerSchema() {
    settings::LoadParams params;
    params.role = settings::Role::ingest;
    params.sets = {"data_dir=" + folder_.file("."), "ingest.listen=127.0.0.1:0", "ingest.lake=none"};
    auto loaded = settings::load(params);
    EXPECT_TRUE(loaded) << loaded.error().front().text();
    config_ = std::move(loaded->settings);
    environment_.store = {.kind = settings::StoreUrl::Kind::sqlite, .path = folder_.file("stage.db"), .address = {}};
  }
  void start_and_stop() {
    const obs::Services services{clock_, log_, metrics_, health_};
    watch::TrustedClocks clocks(services);
    EXPECT_TRUE(IngestRole::open({config_, services, clocks}));
    EXPECT_TRUE(EnvironmentRole::start({"stage", environment_, services, clocks, EnvironmentRole::Duties::maintain}));
  }
  void migrate_as_tomorrow(const std::string& path) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
    const char* row =
        "INSERT INTO _migrations (version, name, checksum, applied_at, runs_with) "
        "VALUES (9999, '9999_of_tomorrow', 'x', 0, 1)";
    EXPECT_EQ(sqlite3_exec(db, row, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  store::TemporaryFolder folder_;
  settings::Settings config_;
  settings::Environment environment_;
  SystemClock clock_;
  std::vector<std::string> lines_;
  obs::Log log_{{.sink = [this](std::string_view line) { lines_.emplace_back(line); }}};
  obs::Metrics metrics_;
  obs::Health health_;
};

TEST_F(NewerSchema, IsLoggedWithBothVersionsByTheRoleThatStartsOnIt) {
  start_and_stop();
  EXPECT_THAT(lines_, Not(Contains(HasSubstr("a newer vf")))) << "made by this one";
  migrate_as_tomorrow(config_.ingest.store.path);
  migrate_as_tomorrow(environment_.store.path);
  start_and_stop();
  const auto logged = [](const std::string& schema, std::string_view ours) {
    return Contains(AllOf(HasSubstr("info"), HasSubstr("a newer vf has migrated the schema"), HasSubstr(schema),
                          HasSubstr("newest_known=" + std::string(ours)),
                          HasSubstr("newest_applied=9999_of_tomorrow")));
  };
  EXPECT_THAT(lines_, logged("dm", shared_schema(config_.ingest, clock_).newest));
  EXPECT_THAT(lines_, logged("env stage", environment_schema("stage", environment_, clock_).newest));
}

}  // namespace
}  // namespace vf::app
