#include "receive/apply.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "receive/decoded_test.h"
#include "receive/faulty_store_test.h"

namespace vf::receive {
namespace {

std::vector<http::Response> apply_all(FaultyStore& store, const std::vector<http::Request>& requests,
                                      const Watch& watch = {}) {
  std::vector<Operation> operations;
  for (const auto& request : requests) {
    operations.push_back(std::get<Operation>(decoded(request)));
  }
  return apply_requests(store, operations, kNow, watch);
}

http::Response apply_one(FaultyStore& store, const http::Request& request) { return apply_all(store, {request}).at(0); }

std::string result(const Event& event, std::string_view status) {
  return R"({"id":")" + event.id.to_string() + R"(","status":")" + std::string(status) + "\"}";
}

http::Request show(const Event& event) { return signed_request("GET", "/internal/events/" + event.id.to_string(), ""); }
http::Request retry() { return signed_request("POST", "/internal/quarantine/retry", ""); }

bool asks_for_a_retry(const http::Response& response) {
  return response.status == 503 &&
         std::ranges::any_of(response.headers, [](auto& it) { return it.first == "Retry-After"; });
}

TEST(ApplyRequests, AnswersEachEventInTheRequestsOrder) {
  FaultyStore store;
  const auto answer = apply_one(store, post_events({unwanted(4), poison(3), follow(2), follow(1)}));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_EQ(answer.body, "{\"results\":[" + result(unwanted(4), "ignored") + "," + result(poison(3), "quarantined") +
                             "," + result(follow(2), "applied") + "," + result(follow(1), "applied") + "]}");
  EXPECT_EQ(store.in_quarantine(poison(3).id)->reason, "/broadcaster/user_id: missing");
  EXPECT_EQ(apply_one(store, post_events({})).body, "{\"results\":[]}");
}

TEST(ApplyRequests, DuplicatesAreFoundByEventId) {
  FaultyStore store;
  EXPECT_EQ(apply_one(store, post_events({follow(1), follow(1)})).body,
            "{\"results\":[" + result(follow(1), "applied") + "," + result(follow(1), "duplicate") + "]}");
  EXPECT_EQ(apply_one(store, post_events({follow(1)})).body, "{\"results\":[" + result(follow(1), "duplicate") + "]}");
  EXPECT_EQ(apply_one(store, post_events({unwanted(2)})).body,
            "{\"results\":[" + result(unwanted(2), "ignored") + "]}");
  EXPECT_EQ(apply_one(store, post_events({unwanted(2)})).body,
            "{\"results\":[" + result(unwanted(2), "duplicate") + "]}");
}

TEST(ApplyRequests, RequestsThatArriveTogetherShareATransaction) {
  FaultyStore store;
  const auto answers =
      apply_all(store, {post_events({follow(1), follow(2)}), post_events({follow(2)}), show(follow(2))});
  EXPECT_EQ(store.transactions, std::vector<size_t>{3});
  EXPECT_EQ(answers[0].body,
            "{\"results\":[" + result(follow(1), "applied") + "," + result(follow(2), "applied") + "]}");
  EXPECT_EQ(answers[1].body, "{\"results\":[" + result(follow(2), "duplicate") + "]}");
  EXPECT_EQ(answers[2].status, 200);  // a read in the same call sees their commit
}

TEST(ApplyRequests, StoreAwayIs503AndNothingIsApplied) {
  FaultyStore store;
  store.next_errors = {unavailable("the disk is full")};
  const auto answers = apply_all(store, {post_events({follow(1)}), post_events({follow(2)})});
  EXPECT_TRUE(asks_for_a_retry(answers[0]));
  EXPECT_TRUE(asks_for_a_retry(answers[1]));
  EXPECT_FALSE(store.has_processed(follow(1).id));
  store.next_errors = {unavailable("locked")};
  EXPECT_TRUE(asks_for_a_retry(apply_one(store, show(follow(1)))));
  store.next_errors = {unavailable("locked")};
  EXPECT_TRUE(asks_for_a_retry(apply_one(store, retry())));
}

TEST(ApplyRequests, DefectIs500AndQuarantinesNothing) {
  FaultyStore store;
  store.next_errors = {internal("no such table: bans")};
  EXPECT_EQ(apply_one(store, post_events({follow(1), follow(2)})).status, 500);
  EXPECT_TRUE(store.in_quarantine().empty());
}

TEST(ApplyRequests, RefusedEventIsQuarantinedAndOthersAreApplied) {
  FaultyStore store;
  store.refused = {follow(3).message_id};
  const auto answers = apply_all(
      store, {post_events({follow(1), follow(2)}), post_events({follow(3), follow(4)}), post_events({follow(5)})});
  EXPECT_EQ(answers[1].body,
            "{\"results\":[" + result(follow(3), "quarantined") + "," + result(follow(4), "applied") + "]}");
  EXPECT_EQ(answers[2].body, "{\"results\":[" + result(follow(5), "applied") + "]}");
  EXPECT_EQ(store.in_quarantine(follow(3).id)->reason, "the store refused it: value out of range");
  EXPECT_EQ(store.transactions, std::vector<size_t>{5}) << "all or nothing";
  for (uint64_t i = 1; i <= 5; ++i) EXPECT_TRUE(store.has_processed(follow(i).id)) << i;
  store.refused.clear();
  EXPECT_EQ(apply_one(store, retry()).body, R"({"tried":1,"applied":1,"ignored":0,"quarantined":0})");
}

TEST(ApplyRequests, ManyRefusedTogetherTakeTwoRounds) {
  FaultyStore store;
  std::vector<Event> many;
  for (uint64_t i = 1; i <= 500; ++i) store.refused.insert(many.emplace_back(follow(i)).message_id);
  EXPECT_EQ(apply_one(store, post_events(many)).status, 200);
  EXPECT_EQ(store.applies, 2);
  EXPECT_EQ(store.in_quarantine().size(), 500u);
}

TEST(ApplyRequests, StoreAwayAfterARefusalIs503AndNothingIsApplied) {
  FaultyStore store;
  store.refused = {follow(2).message_id};
  store.after_refusal = unavailable("gone");
  EXPECT_TRUE(asks_for_a_retry(apply_one(store, post_events({follow(1), follow(2), follow(3), follow(4)}))));
  EXPECT_TRUE(store.transactions.empty());
  EXPECT_EQ(apply_one(store, post_events({follow(1), follow(2)})).status, 200);
}

TEST(ApplyRequests, RefusalInQuarantineIsADefect) {
  FaultyStore store;
  store.refused = {follow(1).message_id};
  store.refuses_quarantine = true;
  EXPECT_EQ(apply_one(store, post_events({follow(1), follow(2)})).status, 500);
  EXPECT_FALSE(store.has_processed(follow(2).id));
  store.refused.clear();
  store.next_errors = {invalid("no event named")};
  EXPECT_EQ(apply_one(store, post_events({follow(2)})).status, 500);
}

TEST(ApplyRequests, ShowsTheStatusOfAnEvent) {
  FaultyStore store;
  EXPECT_EQ(apply_one(store, show(follow(1))).status, 404);
  apply_one(store, post_events({follow(1)}));
  EXPECT_EQ(apply_one(store, show(follow(1))).body,
            R"({"id":")" + follow(1).id.to_string() +
                R"(","source":"kick","type":"kick.channel.followed","status":"applied",)" +
                R"("time":"2025-01-14T16:08:06.123Z","received_at":"2025-01-14T16:10:00.500Z"})");
}

TEST(ApplyRequests, EventWithoutATimeShowsNull) {
  FaultyStore store;
  Event timeless = follow(1);
  timeless.time = {};
  apply_one(store, post_events({timeless}));
  EXPECT_NE(apply_one(store, show(timeless)).body.find(R"("time":null,"received_at":)"), std::string::npos);
}

TEST(ApplyRequests, RetryAppliesAFixedEventThoughItWasProcessed) {
  FaultyStore store;
  apply_one(store, post_events({poison(1), poison(2)}));
  EXPECT_EQ(apply_one(store, retry()).body, R"({"tried":2,"applied":0,"ignored":0,"quarantined":2})");
  EXPECT_EQ(store.in_quarantine(poison(1).id)->attempts, 2);
  store.refused = {follow(3).message_id};
  apply_one(store, post_events({follow(3)}));
  store.refused.clear();  // fixed
  EXPECT_EQ(apply_one(store, retry()).body, R"({"tried":3,"applied":1,"ignored":0,"quarantined":2})");
  EXPECT_FALSE(store.in_quarantine(follow(3).id));
  EXPECT_EQ(store.row_counts()->at(0), std::pair(std::string("channel_followers"), int64_t{1}));
}

TEST(ApplyRequests, RetryIsBoundedAndSurvivesAnUnreadableEnvelope) {
  FaultyStore store;
  std::vector<Event> many;
  for (uint64_t i = 0; i <= kRetriedMax; ++i) many.push_back(poison(i + 1));
  apply_one(store, post_events(many));
  store::Projection spoiled = projections::project(poison(1));
  spoiled.envelope = "{";
  spoiled.force = true;
  ASSERT_TRUE(store.MemoryEnvironment::apply(std::span(&spoiled, 1), kNow - Millis{1}, nullptr));
  EXPECT_EQ(apply_one(store, retry()).body, R"({"tried":200,"applied":0,"ignored":0,"quarantined":200})");
  EXPECT_EQ(store.in_quarantine(poison(1).id)->reason, "its envelope cannot be read");
  EXPECT_EQ(store.in_quarantine().size(), kRetriedMax + 1);
}

TEST(ApplyRequests, RetryLeavesAnEnvelopeThatCannotBeUsedInQuarantine) {
  FaultyStore store;
  const auto waiting = projections::project(poison(1));
  std::string odd = projections::replaced(waiting.envelope, "{", R"({"sandbox":"perhaps",)");
  apply_one(store, signed_request("POST", "/internal/events", odd));
  EXPECT_EQ(apply_one(store, retry()).body, R"({"tried":1,"applied":0,"ignored":0,"quarantined":1})");
  EXPECT_EQ(store.in_quarantine(poison(1).id)->reason, "sandbox: neither true nor false");
  EXPECT_EQ(store.in_quarantine(poison(1).id)->envelope, odd);
}

TEST(ApplyRequests, ReportsEachEventOnceItIsCommitted) {
  FaultyStore store;
  std::vector<std::pair<std::string, store::Applied>> seen;
  const OnEvent note = [&](const EventReport& report) { seen.emplace_back(report.event.type, report.status); };
  apply_all(store, {post_events({follow(1), poison(2)}), post_events({follow(1)})}, {.on_event = note});
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0], std::pair(std::string("kick.channel.followed"), store::Applied::applied));
  EXPECT_EQ(seen[1].second, store::Applied::quarantined);
  EXPECT_EQ(seen[2].second, store::Applied::duplicate);
  store.next_errors = {unavailable("away")};
  apply_all(store, {post_events({follow(9)})}, {.on_event = note});
  EXPECT_EQ(seen.size(), 3u);
}

TEST(ApplyRequests, ReportsStoreFailuresAndQuotesNoContent) {
  FaultyStore store;
  std::vector<std::string> messages;
  const Watch watch{.on_failure = [&messages](const Error& error) { messages.push_back(error.message); }};
  for (const auto& request : {post_events({follow(1)}), show(follow(1)), retry()}) {
    store.next_errors = {internal("a table is missing")};
    EXPECT_EQ(apply_all(store, {request}, watch).at(0).status, 500);
  }
  EXPECT_EQ(messages, std::vector<std::string>(3, "a table is missing"));
  store.next_errors = {invalid("invalid input: anna@example.org")};
  apply_all(store, {post_events({follow(1)})}, watch);
  EXPECT_EQ(messages.at(3).find("anna"), std::string::npos);
  apply_all(store, {post_events({follow(1)})}, watch);
  EXPECT_EQ(messages.size(), 4u);
}

}  // namespace
}  // namespace vf::receive
