#include "projections/tests/rows_test.h"

namespace vf::projections {
namespace {

Event sumsub(const std::string& type, std::string body) { return event_of("sumsub." + type, std::move(body)); }

std::string body_of(std::string_view time, std::string_view more = "") {
  return R"({"applicantId":"a1","levelName":"basic","externalUserId":"u1","reviewStatus":"completed",)" +
         std::string(more) + "\"createdAtMs\":\"" + std::string(time) + "\"}";
}
constexpr std::string_view kGreen = R"("reviewResult":{"reviewAnswer":"GREEN"},)";
constexpr std::string_view kRed =
    R"("reviewResult":{"reviewAnswer":"RED","rejectLabels":["FORGERY", "SPAM"],"reviewRejectType":"FINAL"},)";

const store::Row& row_in(const std::vector<store::Row>& rows, std::string_view table) {
  for (const auto& row : rows) {
    if (row.table->name == table) return row;
  }
  ADD_FAILURE() << "no row of " << table;
  return rows.front();
}

TEST(Applicant, HasStatusLevelAndExternalUser) {
  const auto rows = rows_of(sumsub("applicantPending", fixture("sumsub/applicantPending.json")));
  const auto& applicant = row_in(rows, "applicants");
  EXPECT_EQ(cell(applicant, "sandbox"), flag(false));
  EXPECT_EQ(cell(applicant, "applicant_id"), text("5c7791f80a975a1df426b9e9"));
  EXPECT_EQ(cell(applicant, "external_user_id"), text("12672"));
  EXPECT_EQ(cell(applicant, "status"), text("pending"));
  EXPECT_EQ(cell(applicant, "level"), text("liveness-level"));
  EXPECT_EQ(cell(applicant, "active"), std::nullopt);
  EXPECT_EQ(cell(applicant, "cleared_at"), std::nullopt);
  EXPECT_EQ(applicant.stamps.at(1).at, at("2020-02-21T13:23:19.002Z"));
  const auto& review = row_in(rows, "applicant_reviews");
  EXPECT_EQ(cell(review, "level"), text("liveness-level"));
  EXPECT_EQ(cell(review, "told_at"), time("2020-02-21T13:23:19.002Z"));
  EXPECT_EQ(cell(review, "review_answer"), std::nullopt);
}

TEST(Applicant, SandboxIsPartOfTheKeyInAnySpelling) {
  for (const char* value : {"true", "\"true\""}) {
    const auto more = "\"sandboxMode\":" + std::string(value) + ",";
    const auto rows = rows_of(sumsub("applicantPending", body_of("2024-01-01 00:00:00.001", more)));
    EXPECT_EQ(cell(row_in(rows, "applicants"), "sandbox"), flag(true)) << value;
    EXPECT_EQ(cell(row_in(rows, "applicant_reviews"), "sandbox"), flag(true)) << value;
  }
  const auto textual = body_of("2024-01-01 00:00:00.001", R"("sandboxMode":"false",)");
  EXPECT_EQ(cell(row_in(rows_of(sumsub("applicantPending", textual)), "applicants"), "sandbox"), flag(false));
  Event marked = sumsub("applicantPending", body_of("2024-01-01 00:00:00.001"));
  marked.sandbox = true;  // only in the envelope
  EXPECT_EQ(cell(row_in(rows_of(marked), "applicants"), "sandbox"), flag(true));
}

TEST(Applicant, AReviewHasItsOutcome) {
  const auto green = rows_of(sumsub("applicantReviewed", body_of("2024-01-01 00:00:00.001", kGreen)));
  EXPECT_EQ(cell(row_in(green, "applicant_reviews"), "review_answer"), text("GREEN"));
  EXPECT_EQ(cell(row_in(green, "applicant_reviews"), "green_at"), time("2024-01-01T00:00:00.001Z"));
  EXPECT_EQ(cell(row_in(green, "applicant_reviews"), "not_green_at"), std::nullopt);
  const auto red = rows_of(sumsub("applicantWorkflowCompleted", body_of("2024-01-01 00:00:00.001", kRed)));
  EXPECT_EQ(cell(row_in(red, "applicant_reviews"), "not_green_at"), time("2024-01-01T00:00:00.001Z"));
  EXPECT_EQ(cell(row_in(red, "applicant_reviews"), "green_at"), std::nullopt);
  EXPECT_EQ(cell(row_in(red, "applicant_reviews"), "reject_labels"), text(R"(["FORGERY","SPAM"])"));
  EXPECT_EQ(cell(row_in(red, "applicant_reviews"), "reject_type"), text("FINAL"));
}

TEST(Applicant, OnlyReviewsSetTheResult) {
  for (const char* type : {"applicantReset", "applicantPending", "applicantOnHold", "applicantDeactivated"}) {
    for (const auto& row : rows_of(sumsub(type, body_of("2024-01-01 00:00:00.001", kGreen)))) {
      if (row.table->name != "applicant_reviews") continue;
      EXPECT_EQ(cell(row, "review_answer"), std::nullopt) << type;
      EXPECT_EQ(cell(row, "green_at"), std::nullopt) << type;
    }
  }
}

TEST(Applicant, ResetDeletionAndDeactivationClear) {
  for (const char* type :
       {"applicantReset", "applicantDeleted", "applicantDeactivated", "applicantPersonalDataDeleted"}) {
    const auto rows = rows_of(sumsub(type, body_of("2024-01-01 00:00:00.001")));
    EXPECT_EQ(cell(row_in(rows, "applicants"), "cleared_at"), time("2024-01-01T00:00:00.001Z")) << type;
  }
  const auto off = rows_of(sumsub("applicantDeactivated", body_of("2024-01-01 00:00:00.001")));
  EXPECT_EQ(cell(row_in(off, "applicants"), "active"), flag(false));
  const auto on = rows_of(sumsub("applicantActivated", body_of("2024-01-01 00:00:00.001")));
  EXPECT_EQ(cell(row_in(on, "applicants"), "active"), flag(true));
  EXPECT_EQ(cell(row_in(on, "applicants"), "cleared_at"), std::nullopt);
  const auto gone = rows_of(sumsub("applicantDeleted", body_of("2024-01-01 00:00:00.001")));
  EXPECT_EQ(cell(row_in(gone, "applicants"), "deleted_at"), time("2024-01-01T00:00:00.001Z"));
}

TEST(Applicant, AWholeSecondIsTakenAsItsLastMillisecond) {
  const auto time_of = [](const std::string& body) {
    return cell(row_in(rows_of(sumsub("applicantPending", body)), "applicant_reviews"), "told_at");
  };
  EXPECT_EQ(time_of(replaced(body_of("2024-01-01 00:00:00+0000"), "createdAtMs", "createdAt")),
            time("2024-01-01T00:00:00.999Z"));
  EXPECT_EQ(time_of(body_of("2024-01-01 00:00:00")), time("2024-01-01T00:00:00.999Z"));
  EXPECT_EQ(time_of(body_of("2024-01-01 00:00:00.000")), time("2024-01-01T00:00:00.000Z"));
  EXPECT_EQ(time_of(body_of("2024-01-01 00:00:00.001", R"("createdAt":"2024-01-01 00:00:00+0000",)")),
            time("2024-01-01T00:00:00.001Z"));
}

TEST(Applicant, AnOddCommentDoesNotHideARedAnswer) {
  const std::string body =
      R"({"type":"applicantReviewed","applicantId":"p1","externalUserId":"u9","levelName":"basic",)"
      R"("createdAtMs":"2026-11-22 11:00:00.000","reviewStatus":"completed","reviewResult":{"reviewAnswer":"RED",)"
      R"("reviewRejectType":"FINAL","clientComment":"Fake doc \ud83d"}})";
  const auto rows = rows_of(sumsub("applicantReviewed", body));
  EXPECT_EQ(cell(row_in(rows, "applicant_reviews"), "not_green_at"), time("2026-11-22T11:00:00.000Z"));
  EXPECT_EQ(cell(row_in(rows, "applicant_reviews"), "green_at"), std::nullopt);
}

TEST(Applicant, TheTimeMayBeANumberOfMilliseconds) {
  const auto told_at = [](std::string_view times) {
    const std::string body = R"({"applicantId":"v4","levelName":"basic",)" + std::string(times) + "}";
    return cell(row_in(rows_of(sumsub("applicantCreated", body)), "applicant_reviews"), "told_at");
  };
  constexpr std::string_view kWhole = R"(,"createdAt":"2026-11-22 10:00:00+0000")";
  EXPECT_EQ(told_at(std::string(R"("createdAtMs":1795341600123)").append(kWhole)), time("2026-11-22T10:00:00.123Z"));
  EXPECT_EQ(told_at(R"("createdAtMs":"1795341600123")"), time("2026-11-22T10:00:00.123Z"));
  EXPECT_EQ(told_at(std::string(R"("createdAtMs":"")").append(kWhole)), time("2026-11-22T10:00:00.999Z"));
}

TEST(Applicant, AnOddLevelDoesNotKeepAResetFromClearing) {
  for (const char* level : {"{}", "\"\"", "null", "[\"basic\"]"}) {
    const auto body =
        R"({"applicantId":"a1","createdAtMs":"2024-01-01 00:00:00.001","levelName":)" + std::string(level) + "}";
    const auto rows = rows_of(sumsub("applicantReset", body));
    ASSERT_EQ(rows.size(), 1u) << level;
    EXPECT_EQ(cell(rows[0], "cleared_at"), time("2024-01-01T00:00:00.001Z")) << level;
  }
}

TEST(Applicant, TextsOfKeysAndIndexesHaveABound) {
  const auto with = [](std::string_view from, size_t bytes) {
    return sumsub("applicantPending", replaced(body_of("2024-01-01 00:00:00.001"), from, std::string(bytes, 'k')));
  };
  EXPECT_EQ(cell(rows_of(with("a1", 1024)).at(0), "applicant_id"), text(std::string(1024, 'k')));
  EXPECT_EQ(reason_of(with("a1", 1025)), "/applicantId: longer than 1024 bytes");
  EXPECT_EQ(cell(row_in(rows_of(with("u1", 1024)), "applicants"), "external_user_id"), text(std::string(1024, 'k')));
  EXPECT_EQ(cell(row_in(rows_of(with("u1", 1025)), "applicants"), "external_user_id"), std::nullopt);
  EXPECT_EQ(rows_of(with("basic", 1024)).size(), 2u);
  EXPECT_EQ(rows_of(with("basic", 1025)).size(), 1u);
}

TEST(Applicant, AnOddSandboxMarkIsRefused) {
  for (const char* mark : {"1", "\"yes\"", "{}", "\"\""}) {
    const auto body = body_of("2024-01-01 00:00:00.001", std::string("\"sandboxMode\":") + mark + ",");
    EXPECT_EQ(reason_of(sumsub("applicantPending", body)), "/sandboxMode: neither true nor false") << mark;
  }
}

TEST(Applicant, AnEventWithoutLevelHasNoReviewRow) {
  const auto rows = rows_of(sumsub("applicantReset", fixture("sumsub/applicantReset.json")));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].table->name, "applicants");
  EXPECT_EQ(cell(rows[0], "level"), std::nullopt);
  EXPECT_EQ(cell(rows[0], "status"), text("init"));
  EXPECT_EQ(cell(rows[0], "cleared_at"), time("2021-03-01T11:34:51.999Z"));
}

TEST(Applicant, ActionsTransactionsAndCasesAreIgnored) {
  for (const char* type :
       {"applicantActionPending", "applicantActionReviewed", "applicantActionOnHold", "applicantKytTxnApproved",
        "applicantKytTxnReviewed", "applicantKytOnHold", "kytCaseReviewed", "kytCaseStatusChanged", "amlCaseRejected",
        "videoIdentStatusChanged", "travelRuleAction", "kybCompanyActivity"}) {
    EXPECT_EQ(project(sumsub(type, body_of("2024-01-01 00:00:00.001", kRed))).status, store::Applied::ignored) << type;
  }
}

TEST(Applicant, KeepsNoPersonalData) {
  const auto rows = rows_of(sumsub("applicantReviewed", fixture("sumsub/applicantReviewed.red-final.json")));
  for (const auto& row : rows) {
    for (const auto& value : row.cells) {
      const auto* text = value ? std::get_if<std::string>(&*value) : nullptr;
      EXPECT_TRUE(text == nullptr || text->find("fraudulent") == std::string::npos) << *text;
    }
  }
}

TEST(Applicant, RefusesEventsWithoutAKey) {
  const auto reason = [](const char* type, std::string_view from, std::string_view to) {
    return reason_of(sumsub(type, replaced(body_of("2024-01-01 00:00:00.001", kGreen), from, to)));
  };
  EXPECT_EQ(reason("applicantPending", "\"applicantId\"", "\"id\""), "/applicantId: missing");
  EXPECT_EQ(reason("applicantPending", "createdAtMs", "at"), "/createdAt: missing");
  EXPECT_EQ(reason("applicantReviewed", "levelName", "level"), "/levelName: missing");
  EXPECT_EQ(reason("applicantReviewed", "reviewAnswer", "answer"), "/reviewResult/reviewAnswer: missing");
}

}  // namespace
}  // namespace vf::projections
