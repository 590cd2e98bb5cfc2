#include "obs/health.h"

#include <gtest/gtest.h>

namespace vf::obs {
namespace {

std::string healthy() { return ""; }

TEST(Health, IsReadyWithNothingToCheck) {
  const auto answer = Health().ready();
  EXPECT_TRUE(answer.ready);
  EXPECT_EQ(answer.body, R"({"status":"ready","checks":{}})");
}

TEST(Health, OnlyRequiredChecksCanMakeItUnready) {
  Health health;
  std::string store;
  health.require("store", [&] { return store; });
  health.require("listener", healthy);
  health.report("lake", [] { return std::string("libchdb.so is \"missing\"\xff"); });
  EXPECT_TRUE(health.ready().ready);
  EXPECT_EQ(health.ready().body,
            "{\"status\":\"ready\",\"checks\":{\"store\":{\"ok\":true},\"listener\":{\"ok\":true},"
            "\"lake\":{\"ok\":false,\"reason\":\"libchdb.so is \\\"missing\\\"\xef\xbf\xbd\"}}}");
  store = "disk full";
  EXPECT_FALSE(health.ready().ready);
  EXPECT_TRUE(
      health.ready().body.starts_with(R"({"status":"not ready","checks":{"store":{"ok":false,"reason":"disk full"},)"));
  store.clear();
  EXPECT_TRUE(health.ready().ready);
}

TEST(Health, AHealthyCheckMayCarryANote) {
  Health health;
  health.require("target stage", [] { return Health::Finding::healthy_with_note("worked by another"); });
  EXPECT_EQ(health.ready().body,
            R"({"status":"ready","checks":{"target stage":{"ok":true,"reason":"worked by another"}}})");
  EXPECT_EQ(health.states().at(0).reason, "");
}

TEST(Health, ACheckMayAddChecks) {
  Health health;
  health.report("late", [&] {
    health.report("later", healthy);
    return std::string();
  });
  EXPECT_TRUE(health.ready().ready);
  EXPECT_NE(health.ready().body.find("later"), std::string::npos);
}

}  // namespace
}  // namespace vf::obs
