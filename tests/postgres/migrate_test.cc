// vf migrate on PostgreSQL, as an operator runs it; and the error of a role that is started before it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "cli/cli.h"
#include "postgres/server.h"
#include "store/postgres/connection.h"

namespace vf::cli {
namespace {

using store::postgres::Connection;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct Outcome {
  int code = 0;
  std::string out, err;
};

class MigratePostgres : public testing::Test {
 protected:
  MigratePostgres() {
    std::string path = testing::TempDir() + "vf-migrate-XXXXXX";
    dir_ = mkdtemp(path.data());
    std::ofstream(dir_ / "secret") << "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    configure("hub", "hub");
  }
  ~MigratePostgres() override { std::filesystem::remove_all(dir_); }

  /// The database users of the hub and of `vf migrate`.
  void configure(const std::string& user, const std::string& migrator) {
    std::ofstream(dir_ / "vf.yaml") << "data_dir: " << dir_.string() << "\ningest: {lake: none, store: \""
                                    << url(dm_, user) << "\", migrate_store: \"" << url(dm_, migrator)
                                    << "\"}\nadmin: {listen: \"127.0.0.1:0\"}\nenvironments: {stage: {listen: "
                                    << "\"127.0.0.1:0\", secrets: \"file:secret\", store: \"" << url(stage_, user)
                                    << "\", migrate_store: \"" << url(stage_, migrator) << "\"}}\n";
  }
  Outcome vf(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--config", dir_ / "vf.yaml"});
    std::ostringstream out, err;
    const int code = run(arguments, {out, err});
    return {code, out.str(), err.str()};
  }
  static std::string fresh() {
    auto db = Connection::open({.url = postgres_test::Server::shared().fresh_database(), .role = "test"});
    return db->query("SELECT current_database()::text")->text_at(0, 0);
  }
  static std::string url(const std::string& database, const std::string& user) {
    std::string text = postgres_test::Server::shared().tcp_url(database);
    return text.replace(text.find("hub@"), 3, user);
  }
  static Connection connect(const std::string& database) {
    return *Connection::open({.url = url(database, "hub"), .role = "test"});
  }

  std::filesystem::path dir_;
  std::string dm_ = fresh(), stage_ = fresh();
};

TEST_F(MigratePostgres, AppliesPendingMigrationsOnce) {
  const Outcome before = vf({"migrate", "all", "--check"});
  EXPECT_EQ(before.code, 1);
  EXPECT_THAT(before.out, AllOf(HasSubstr("dm         0001_schemas"), HasSubstr("env stage  0001_bookkeeping")));
  auto stage = connect(stage_);
  EXPECT_TRUE(stage.query("SELECT 1 FROM pg_class WHERE relname = '_migrations'")->empty())
      << "--check changes nothing";
  const Outcome applied = vf({"migrate", "all", "--json"});
  EXPECT_EQ(applied.code, 0) << applied.err;
  EXPECT_EQ(nlohmann::json::parse(applied.out)["schemas"][1]["applied"][0], "0001_bookkeeping");
  EXPECT_EQ(vf({"migrate", "all", "--check"}).code, 0);
  const Outcome again = vf({"migrate", "all"});
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.out, AllOf(HasSubstr("dm         nothing"), HasSubstr("env stage  nothing")));
}

TEST_F(MigratePostgres, ConcurrentRunsTakeTurns) {
  std::vector<Outcome> outcomes(3);
  {
    std::vector<std::jthread> threads;
    for (Outcome& outcome : outcomes) threads.emplace_back([this, &outcome] { outcome = vf({"migrate", "all"}); });
  }
  for (const Outcome& outcome : outcomes) EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(vf({"migrate", "all", "--check"}).code, 0);
}

TEST_F(MigratePostgres, VfappMayCheckButNotMigrate) {
  ASSERT_EQ(vf({"migrate", "all"}).code, 0);
  configure("vfapp", "vfapp");
  EXPECT_EQ(vf({"migrate", "all", "--check"}).code, 0);
  auto stage = connect(stage_);
  ASSERT_TRUE(stage.run("DELETE FROM _migrations WHERE version = (SELECT max(version) FROM _migrations)"));
  const Outcome outcome = vf({"migrate", "env"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("vf: env stage: "), HasSubstr("permission denied"), HasSubstr("vfmigrator")));
}

TEST_F(MigratePostgres, ARoleRefusesAnotherSchemaAndNamesTheCommand) {
  Outcome outcome = vf({"api", "--env", "stage"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("run `vf migrate env --env stage`"));
  outcome = vf({"ingest"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("run `vf migrate dm`"));
  ASSERT_EQ(vf({"migrate", "all"}).code, 0);
  ASSERT_TRUE(connect(stage_).run("INSERT INTO _migrations VALUES (9999, '9999_of_tomorrow', 'x', 0)"));
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"api", "--env", "stage"}, {"migrate", "env"}, {"migrate", "all", "--check"}}) {
    outcome = vf(arguments);
    EXPECT_EQ(outcome.code, 1) << arguments[0];
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("9999_of_tomorrow"), HasSubstr("a newer one"))) << arguments[0];
  }
}

TEST_F(MigratePostgres, ACompatibleNewerSchemaIsReported) {
  ASSERT_EQ(vf({"migrate", "all"}).code, 0);
  ASSERT_TRUE(connect(stage_).run("INSERT INTO _migrations VALUES (9999, '9999_of_tomorrow', 'x', 3)"));
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"migrate", "env"}, {"migrate", "all", "--check"}}) {
    const Outcome outcome = vf(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("9999_of_tomorrow is of a newer version, this one can run with it"));
  }
  const auto answer = nlohmann::json::parse(vf({"migrate", "env", "--check", "--json"}).out);
  EXPECT_EQ(answer["schemas"][0]["newer"], nlohmann::json{"9999_of_tomorrow"});
  EXPECT_THAT(vf({"doctor"}).out,
              HasSubstr("the schema of a newer version (9999_of_tomorrow), which this one can run with"));
}

TEST_F(MigratePostgres, DoctorWarnsOfRiskySettings) {
  ASSERT_EQ(vf({"migrate", "all"}).code, 0);
  std::map<std::string, std::string> grades;
  const auto answer = nlohmann::json::parse(vf({"doctor", "--json"}).out);
  for (const auto& finding : answer["checks"]) grades[finding["detail"]] = finding["grade"];
  for (const char* setting : {"synchronous_standby_names", "max_prepared_transactions"}) {
    const auto found = std::ranges::find_if(grades, [&](const auto& entry) { return entry.first.contains(setting); });
    ASSERT_NE(found, grades.end()) << setting;
    EXPECT_EQ(found->second, "warning");
  }
}

TEST_F(MigratePostgres, TheErrorOfADeadServerHidesThePassword) {
  std::ofstream(dir_ / "vf.yaml") << "environments: {stage: {listen: \"127.0.0.1:0\", "
                                     "store: \"postgresql://vfapp:hunter2@127.0.0.1:1/stage\"}}\n";
  const Outcome outcome = vf({"migrate", "env"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("see that the server runs"), Not(HasSubstr("hunter2"))));
}

}  // namespace
}  // namespace vf::cli
