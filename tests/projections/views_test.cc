// The rows of the views after a history: verified applicants, current livestreams, current bans.
#include "memory_database.h"
#include "projections/tests/rows_test.h"

namespace vf::projections {
namespace {

std::vector<MemoryDatabase::TextRow> seen(const std::vector<Event>& events, const std::string& query) {
  Fold fold;
  for (const auto& event : events) fold.add(rows_of(event));
  MemoryDatabase db;
  for (const auto& [key, row] : fold) db.insert(row);
  return db.query(query);
}

// One event of an applicant: its type, time, level ("" for none) and, for reviews, the answer.
struct Step {
  std::string type;
  std::string time;
  std::string level = "basic";
  std::string answer = "GREEN";
};

Event event_of_step(const Step& step) {
  const bool milliseconds = step.time.find('.') != std::string::npos;
  std::string body = R"({"applicantId":"a1","externalUserId":"u1","reviewStatus":"completed",)";
  if (!step.level.empty()) body += R"("levelName":")" + step.level + "\",";
  body += R"("reviewResult":{"reviewAnswer":")" + step.answer + "\"},";
  body += (milliseconds ? "\"createdAtMs\":\"2024-01-01 " : "\"createdAt\":\"2024-01-01 ") + step.time;
  body += milliseconds ? "\"}" : "+0000\"}";
  return event_of("sumsub." + step.type, body);
}

bool verified(const std::vector<Step>& steps) {
  std::vector<Event> events;
  for (const auto& step : steps) events.push_back(event_of_step(step));
  const auto rows = seen(events, "SELECT external_user_id, sandbox FROM verified_applicants");
  EXPECT_LE(rows.size(), 1u);
  return rows.size() == 1 && rows[0] == MemoryDatabase::TextRow{"u1", "0"};
}

TEST(VerifiedApplicants, AreGreenAtTheirCurrentLevel) {
  EXPECT_FALSE(verified({{"applicantPending", "10:00:00.000"}}));
  EXPECT_TRUE(verified({{"applicantReviewed", "10:00:00.000"}}));
  EXPECT_TRUE(verified({{"applicantWorkflowCompleted", "10:00:00.000"}}));
  EXPECT_FALSE(verified({{"applicantReviewed", "10:00:00.000", "basic", "RED"}}));
  EXPECT_FALSE(verified({{"applicantReviewed", "10:00:00.000"}, {"applicantLevelChanged", "10:00:01.000", "high"}}));
  EXPECT_TRUE(verified({{"applicantReviewed", "10:00:00.000"},
                        {"applicantLevelChanged", "10:00:01.000", "high"},
                        {"applicantReviewed", "10:00:02.000", "high"}}));
  EXPECT_TRUE(verified({{"applicantReviewed", "10:00:00.000"},
                        {"applicantLevelChanged", "10:00:01.000", "high"},
                        {"applicantLevelChanged", "10:00:02.000", "basic"}}));
}

TEST(VerifiedApplicants, OnlyALaterRedUndoesAGreen) {
  EXPECT_FALSE(
      verified({{"applicantReviewed", "10:00:01.000", "basic", "RED"}, {"applicantReviewed", "10:00:00.000"}}));
  EXPECT_TRUE(verified({{"applicantReviewed", "10:00:00.000", "basic", "RED"}, {"applicantReviewed", "10:00:01.000"}}));
}

TEST(VerifiedApplicants, AClearingEventUndoesUntilTheNextGreen) {
  for (const char* type :
       {"applicantReset", "applicantDeleted", "applicantDeactivated", "applicantPersonalDataDeleted"}) {
    for (const char* level : {"basic", ""}) {
      EXPECT_FALSE(verified({{type, "10:00:01.000", level}, {"applicantReviewed", "10:00:00.000"}})) << type;
      EXPECT_TRUE(verified({{type, "10:00:01.000", level}, {"applicantReviewed", "10:00:02.000"}})) << type;
    }
  }
  EXPECT_FALSE(verified({{"applicantReviewed", "10:00:00.000"},
                         {"applicantDeactivated", "10:00:01.000"},
                         {"applicantActivated", "10:00:02.000"}}));
  EXPECT_TRUE(verified({{"applicantReviewed", "10:00:00.000"}, {"applicantOnHold", "10:00:01.000"}}));
}

TEST(VerifiedApplicants, ATieIsNotVerified) {
  const Step green{"applicantReviewed", "10:00:00.999"};
  for (const char* same_time : {"10:00:00.999", "10:00:00"}) {
    EXPECT_FALSE(verified({green, {"applicantReviewed", same_time, "basic", "RED"}})) << same_time;
    EXPECT_FALSE(verified({green, {"applicantReset", same_time}})) << same_time;
    EXPECT_FALSE(verified({green, {"applicantLevelChanged", same_time, "high"}})) << same_time;
  }
  EXPECT_TRUE(verified({green, {"applicantReset", "10:00:00.998"}}));
}

TEST(VerifiedApplicants, ASandboxEventDoesNotTouchProduction) {
  const auto green = event_of_step({"applicantReviewed", "10:00:00.000"});
  Event test = event_of_step({"applicantReset", "10:00:01.000"});
  test.sandbox = true;
  EXPECT_EQ(seen({green, test}, "SELECT 1 FROM verified_applicants WHERE sandbox = 0").size(), 1u);
}

Event sample(std::string_view live, std::string_view time, std::string_view started = "null") {
  return event_of("kick.viewers.sampled", R"({"broadcaster_user_id":123456789,"viewer_count":1,"live":)" +
                                              std::string(live) + R"(,"stream_started_at":)" + std::string(started) +
                                              R"(,"sampled_at":")" + std::string(time) + "\"}");
}

TEST(CurrentLivestreams, AreTheNewestStartsWithoutAnEnd) {
  const Event started =
      event_of("kick.livestream.status.updated", fixture("kick/livestream.status.updated.started.json"));
  const Event ended = event_of("kick.livestream.status.updated", fixture("kick/livestream.status.updated.ended.json"));
  const std::string query = "SELECT started_at FROM current_livestreams";
  EXPECT_EQ(seen({started}, query).size(), 1u);
  EXPECT_TRUE(seen({ended, started}, query).empty());
  // The event that ended the older stream was lost; the newer stream is the live one.
  const auto rows = seen({started, sample("true", "2025-01-02T10:00:00Z", "\"2025-01-02T09:00:00Z\"")}, query);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0][0], "2025-01-02T09:00:00.000Z");
}

TEST(CurrentLivestreams, AnOfflinePollEndsAStreamWhoseEndWasLost) {
  const Event started =
      event_of("kick.livestream.status.updated", fixture("kick/livestream.status.updated.started.json"));
  const std::string query = "SELECT 1 FROM current_livestreams";
  EXPECT_EQ(seen({started, sample("false", "2024-12-31T23:59:59Z")}, query).size(), 1u);
  EXPECT_TRUE(seen({started, sample("false", "2025-01-01T02:00:00Z")}, query).empty());
}

TEST(CurrentBans, AreTheLatestOfEachUser) {
  const std::string body = fixture("kick/moderation.banned.json");
  const Event first = event_of("kick.moderation.banned", body);
  const Event later = event_of("kick.moderation.banned",
                               replaced(fixture("kick/moderation.banned.permanent.json"), "16:08:05Z", "17:00:00Z"));
  const auto rows = seen({later, first}, "SELECT created_at, expires_at FROM current_bans");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0], (MemoryDatabase::TextRow{"2025-01-14T17:00:00.000Z", "NULL"}));
}

}  // namespace
}  // namespace vf::projections
