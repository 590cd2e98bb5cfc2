// FakeSumsub: plausible life cycles, bodies with the keys of the samples.
#include "fake_providers/fake_sumsub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace vf::fake_providers {
namespace {

using nlohmann::json;

const Instant kStart = *parse_time("2026-03-01T12:00:00Z");

std::vector<json> play(FakeSumsub::Params params, int count) {
  FakeSumsub sumsub(params);
  SeededRandom random(5);
  std::vector<json> bodies;
  for (int i = 0; i < count; ++i) {
    const Payload payload = sumsub.next(kStart + Millis{i * 1'000}, random);
    bodies.push_back(json::parse(payload.body));
    EXPECT_EQ(payload.type, bodies.back()["type"].get<std::string>());
    EXPECT_EQ(payload.provider, Provider::sumsub);
  }
  return bodies;
}

TEST(FakeSumsub, ApplicantsBeginWithCreationAndEndWithDeletion) {
  std::map<std::string, std::string> last;
  std::set<std::string> types;
  for (const json& body : play({.odd_percent = 0}, 5'000)) {
    const auto id = body["applicantId"].get<std::string>();
    const auto type = body["type"].get<std::string>();
    types.insert(type);
    EXPECT_EQ(type == "applicantCreated", !last.contains(id));
    EXPECT_NE(last[id], "applicantPersonalDataDeleted");
    if (type == "applicantPersonalDataDeleted") EXPECT_EQ(last[id], "applicantDeleted");
    last[id] = type;
  }
  EXPECT_GT(last.size(), 60u);  // more than live at once: others have left
  EXPECT_THAT(types, testing::IsSupersetOf({"applicantPending", "applicantReviewed", "applicantOnHold",
                                            "applicantReset", "applicantLevelChanged", "applicantDeactivated",
                                            "applicantActivated", "applicantDeleted", "applicantWorkflowCompleted",
                                            "applicantActionReviewed", "applicantKytTxnApproved", "kytCaseCreated"}));
}

TEST(FakeSumsub, AnswersOfAllSortsAreGivenAndAResetCarriesTheOldOne) {
  std::set<std::string> answers;
  bool reset_of_green = false;
  for (const json& body : play({.odd_percent = 0}, 5'000)) {
    const json result = body.value("reviewResult", json::object());
    if (body["type"] == "applicantReviewed") {
      answers.insert(result["reviewAnswer"].get<std::string>() + result.value("reviewRejectType", ""));
    }
    if (body["type"] == "applicantReset") reset_of_green |= result["reviewAnswer"] == "GREEN";
  }
  EXPECT_THAT(answers, testing::ElementsAre("GREEN", "REDFINAL", "REDRETRY"));
  EXPECT_TRUE(reset_of_green);
}

TEST(FakeSumsub, SomeApplicantsAreInTheSandboxAndStayThere) {
  std::map<std::string, bool> sandbox;
  for (const json& body : play({.odd_percent = 0, .sandbox_percent = 30}, 3'000)) {
    const auto [found, first] = sandbox.emplace(body["applicantId"], body["sandboxMode"].get<bool>());
    EXPECT_EQ(found->second, body["sandboxMode"].get<bool>());
  }
  const auto count = std::ranges::count_if(sandbox, &std::pair<const std::string, bool>::second);
  EXPECT_GT(count, 0);
  EXPECT_LT(count, static_cast<long>(sandbox.size()));
}

TEST(FakeSumsub, OddBodiesTakeEveryShapeOfTheOlderSamples) {
  std::set<std::string> seen;
  for (const json& body : play({.odd_percent = 30}, 2'000)) {
    if (body["sandboxMode"].is_string()) seen.insert("sandboxMode as text");
    if (!body.contains("createdAt")) seen.insert("no createdAt");
    if (!body.contains("createdAtMs")) seen.insert("no createdAtMs");
    if (!body.contains("clientId") && body["type"] != "kytCaseCreated") seen.insert("no clientId");
    if (!body.contains("applicantType")) seen.insert("no applicantType");
    if (body["correlationId"].get<std::string>().size() == 32) seen.insert("bare correlationId");
    EXPECT_TRUE(body.contains("createdAt") || body.contains("createdAtMs"));
  }
  EXPECT_EQ(seen.size(), 6u) << testing::PrintToString(seen);
}

}  // namespace
}  // namespace vf::fake_providers
