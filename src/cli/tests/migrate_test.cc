// vf migrate on embedded stores. On PostgreSQL: tests/postgres/migrate_test.cc.
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "cli/cli.h"

namespace vf::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

struct Outcome {
  int code = 0;
  std::string out, err;
};

class Migrate : public testing::Test {
 protected:
  Migrate() {
    std::string path = testing::TempDir() + "vf-migrate-XXXXXX";
    dir_ = mkdtemp(path.data());
    std::ofstream(dir_ / "vf.yaml") << "data_dir: " << (dir_ / "data").string() << R"(
ingest: {lake: none, store: "${A_STORE_THAT_ONLY_DM_NEEDS}"}
environments:
  stage: {listen: "127.0.0.1:0"}
  production: {listen: "127.0.0.1:0"}
)";
  }
  ~Migrate() override { std::filesystem::remove_all(dir_); }

  Outcome vf(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--config", dir_ / "vf.yaml"});
    std::ostringstream out, err;
    const int code = run(arguments, {out, err});
    return {code, out.str(), err.str()};
  }
  bool exists(const std::string& file) const { return std::filesystem::exists(dir_ / "data" / file); }

  std::filesystem::path dir_;
};

TEST_F(Migrate, AppliesPendingMigrationsOnce) {
  const Outcome before = vf({"migrate", "env", "--check"});
  EXPECT_EQ(before.code, 1);
  EXPECT_THAT(before.out, HasSubstr("env stage       0001_bookkeeping"));
  EXPECT_FALSE(exists("stage.db")) << "--check changes nothing";
  const Outcome applied = vf({"migrate", "env", "--json"});
  EXPECT_EQ(applied.code, 0) << applied.err;
  const json answer = json::parse(applied.out);
  EXPECT_EQ(answer["ok"], true);
  EXPECT_EQ(answer["schemas"][1]["schema"], "env stage");
  EXPECT_EQ(answer["schemas"][1]["applied"][0], "0001_bookkeeping");
  EXPECT_TRUE(exists("stage.db") && exists("production.db"));
  EXPECT_EQ(vf({"migrate", "env", "--check"}).code, 0);
  EXPECT_THAT(vf({"migrate", "env"}).out, HasSubstr("env stage       nothing"));
}

TEST_F(Migrate, MigratesOneEnvironmentAlone) {
  EXPECT_EQ(vf({"migrate", "env", "--env", "stage"}).code, 0);
  EXPECT_TRUE(exists("stage.db"));
  EXPECT_FALSE(exists("production.db"));
  const Outcome mistyped = vf({"migrate", "env", "--env", "stge"});
  EXPECT_EQ(mistyped.code, 2);
  EXPECT_THAT(mistyped.err, HasSubstr("configured are: production, stage"));
}

TEST_F(Migrate, EachSchemaNeedsItsOwnConfigurationAlone) {
  EXPECT_EQ(vf({"migrate", "lake"}).code, 0);
  const Outcome dm = vf({"migrate", "dm"});
  EXPECT_EQ(dm.code, 2);
  EXPECT_THAT(dm.err, HasSubstr("A_STORE_THAT_ONLY_DM_NEEDS"));
  EXPECT_EQ(vf({"migrate", "all"}).code, 2);
  EXPECT_FALSE(exists("stage.db")) << "a wrong configuration migrates nothing";
  setenv("A_STORE_THAT_ONLY_DM_NEEDS", "sqlite:dm.db", 1);
  const Outcome all = vf({"migrate", "all"});
  unsetenv("A_STORE_THAT_ONLY_DM_NEEDS");
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_THAT(all.out, HasSubstr("dm              0001_ingest"));
  EXPECT_TRUE(exists("dm.db") && exists("stage.db"));
}

TEST_F(Migrate, AChangedMigrationIsReported) {
  ASSERT_EQ(vf({"migrate", "env"}).code, 0);
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open((dir_ / "data/stage.db").c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "UPDATE _migrations SET checksum = 'x' WHERE version = 1", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(db);
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"migrate", "env", "--check"}, {"migrate", "env"}}) {
    const Outcome outcome = vf(arguments);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.err, HasSubstr("vf: env stage: migration 0001_bookkeeping of stage.db differs"));
    EXPECT_THAT(outcome.out, HasSubstr("env production  nothing")) << "the others are migrated";
  }
}

TEST_F(Migrate, RunsAtTheSameTimeTakeTurns) {
  std::vector<Outcome> outcomes(3);
  {
    std::vector<std::jthread> threads;
    for (Outcome& outcome : outcomes) threads.emplace_back([this, &outcome] { outcome = vf({"migrate", "env"}); });
  }
  for (const Outcome& outcome : outcomes) EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(vf({"migrate", "env", "--check"}).code, 0);
}

TEST_F(Migrate, APostgresqlAddressForASqliteStoreIsRefused) {
  const Outcome outcome = vf({"migrate", "env", "--set", "environments.stage.migrate_store=postgresql://u@h/stage"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("environments.stage.migrate_store leads to PostgreSQL"));
}

TEST_F(Migrate, AProblemOfSeveralSchemasIsPrintedOnce) {
  const Outcome outcome = vf({"migrate", "all", "--set", "sources.kick.bogus=1"});
  EXPECT_EQ(outcome.code, 2);
  const size_t first = outcome.err.find("sources.kick.bogus");
  ASSERT_NE(first, std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find("sources.kick.bogus", first + 1), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace vf::cli
