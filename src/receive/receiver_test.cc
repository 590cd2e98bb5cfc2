#include "receive/receiver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <thread>

#include "api/service.h"
#include "obs/services_test.h"
#include "receive/signed_request_test.h"
#include "store/memory/environment.h"

namespace vf::receive {
namespace {

constexpr std::chrono::seconds kDeadline{10};

// A store whose first commit waits for the test.
class HeldStore final : public store::memory::MemoryEnvironment {
 public:
  std::latch begun{1};
  std::latch go_on{1};
  std::vector<size_t> transactions;

  Result<std::vector<store::Applied>> apply(std::span<const store::Projection> batch, Instant now,
                                            store::Refusals* refusals) override {
    if (transactions.empty()) {
      begun.count_down();
      go_on.wait();
    }
    transactions.push_back(batch.size());
    return MemoryEnvironment::apply(batch, now, refusals);
  }
  bool has_processed(Uuid id) { return processed(id).value().has_value(); }
};

// The number behind `series` in Prometheus' text.
double value_of(const std::string& text, std::string_view series) {
  const auto at = text.find(series);
  return at == std::string::npos ? -1 : std::stod(text.substr(at + series.size()));
}

class ReceiverTest : public testing::Test {
 protected:
  Receiver::Params params(store::EnvironmentStore& store) {
    return {.environment = "stage", .store = store, .services = around_.services};
  }
  std::future<http::Response> send(Receiver& receiver, http::Request request) const {
    std::promise<http::Response> promise;
    auto answer = promise.get_future();
    api::Service listener({.name = "test", .clock = clock_, .signatures = &signatures_}, receiver.routes());
    listener.handle(std::move(request), [promise = std::move(promise)](http::Response response) mutable {
      promise.set_value(std::move(response));
    });
    return answer;
  }
  static http::Response get(std::future<http::Response>& answer) {
    if (answer.wait_for(kDeadline) != std::future_status::ready) {
      ADD_FAILURE() << "no answer";
      return {};
    }
    return answer.get();
  }

  obs::TestServices around_{kNow};
  ManualClock& clock_ = around_.clock;
  api::Signatures signatures_{signer({kSecret})};
};

TEST_F(ReceiverTest, AnswersAfterTheCommitAndRefusesAtOnce) {
  HeldStore store;
  Receiver receiver(params(store));
  auto waits = send(receiver, post_events({follow(1)}));
  store.begun.wait();
  auto refused = send(receiver, signed_request("POST", "/nowhere", ""));
  EXPECT_EQ(get(refused).status, 404);
  EXPECT_EQ(waits.wait_for(std::chrono::seconds{0}), std::future_status::timeout);
  store.go_on.count_down();
  EXPECT_EQ(get(waits).status, 200);
  EXPECT_THAT(around_.metrics.render(),
              testing::HasSubstr(R"(vf_environment_request_seconds_count{environment="stage"} 1)"));
}

TEST_F(ReceiverTest, SecretsAreReplacedWhileItReceives) {
  store::memory::MemoryEnvironment store;
  Receiver receiver(params(store));
  const auto status = [&](const std::string& secret) {
    auto answer =
        send(receiver, signed_request("POST", "/internal/events", write_batch(std::vector{follow(1)}), {secret, kNow}));
    return get(answer).status;
  };
  EXPECT_EQ(status(kSecret), 200);
  EXPECT_EQ(status(kOldSecret), 401);
  signatures_.replace(signer({kSecret, kOldSecret}));
  EXPECT_EQ(status(kSecret), 200);
  EXPECT_EQ(status(kOldSecret), 200);
  signatures_.replace(signer({kOldSecret}));
  EXPECT_EQ(status(kSecret), 401);
  EXPECT_EQ(status(kOldSecret), 200);
}

TEST_F(ReceiverTest, ReportsEventsAfterTheirCommit) {
  HeldStore store;
  Receiver receiver(params(store));
  const Event event = follow(1);
  auto answer = send(receiver, post_events({follow(1)}));
  store.begun.wait();
  clock_.advance(Millis{250});  // the commit takes this long
  store.go_on.count_down();
  EXPECT_EQ(get(answer).status, 200);
  EXPECT_EQ(store.processed(event.id).value()->received_at, kNow);
  const double lag = seconds(kNow + Millis{250} - event.time);
  const auto metrics = around_.metrics.render();
  EXPECT_THAT(metrics, testing::HasSubstr(R"(vf_environment_events_total{environment="stage",status="applied"} 1)"));
  EXPECT_NEAR(value_of(metrics, R"(vf_end_to_end_lag_seconds_sum{environment="stage"} )"), lag, 0.001);
}

TEST_F(ReceiverTest, EventOfLongAgoAddsAWeekToTheLag) {
  store::memory::MemoryEnvironment store;
  Receiver receiver(params(store));
  Event event = follow(1);
  event.time = projections::at("1970-06-01T00:00:00.000Z");
  auto answer = send(receiver, post_events({event}));
  EXPECT_EQ(get(answer).status, 200);
  EXPECT_EQ(value_of(around_.metrics.render(), R"(vf_end_to_end_lag_seconds_sum{environment="stage"} )"), 7 * 86'400.0);
}

TEST_F(ReceiverTest, RequestsDuringACommitShareTheNextOne) {
  HeldStore store;
  Receiver receiver(params(store));
  std::vector<std::future<http::Response>> answers;
  answers.push_back(send(receiver, post_events({follow(1)})));
  store.begun.wait();
  for (uint64_t i = 2; i <= 6; ++i) answers.push_back(send(receiver, post_events({follow(i)})));
  store.go_on.count_down();
  for (auto& answer : answers) EXPECT_EQ(get(answer).status, 200);
  EXPECT_EQ(store.transactions, (std::vector<size_t>{1, 5}));
}

TEST_F(ReceiverTest, FullQueueIs503AndDrainAnswersTheRest) {
  HeldStore store;
  auto small = params(store);
  small.queue.waiting_max = 2;
  Receiver receiver(std::move(small));
  auto first = send(receiver, post_events({follow(1)}));
  store.begun.wait();
  auto second = send(receiver, post_events({follow(2)}));
  auto third = send(receiver, post_events({follow(3)}));
  auto beyond = send(receiver, post_events({follow(4)}));
  const auto busy = get(beyond);
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.headers.at(0).first, "Retry-After");
  store.go_on.count_down();
  receiver.drain();
  EXPECT_EQ(get(first).status, 200);
  EXPECT_EQ(get(second).status, 200);
  EXPECT_EQ(get(third).status, 200);
  auto late = send(receiver, post_events({follow(5)}));
  EXPECT_EQ(get(late).status, 503);
  EXPECT_TRUE(store.has_processed(follow(3).id));
  EXPECT_FALSE(store.has_processed(follow(4).id));
  EXPECT_FALSE(store.has_processed(follow(5).id));
}

TEST_F(ReceiverTest, RetryOfQuarantineTriesEachOnceInBoundedSteps) {
  store::memory::MemoryEnvironment store;
  Receiver receiver(params(store));
  std::vector<Event> many;
  for (uint64_t i = 0; i <= kRetriedMax; ++i) many.push_back(poison(i + 1));
  auto taken = send(receiver, post_events(many));
  EXPECT_EQ(get(taken).status, 200);
  clock_.advance(Millis{1000});
  const Instant begun = clock_.now();
  const auto tried = [&] { return retry_quarantined(store, clock_.now(), begun)->tried; };
  EXPECT_EQ(tried(), kRetriedMax);
  EXPECT_EQ(tried(), 1u);
  EXPECT_EQ(tried(), 0u) << "all were tried since `begun`";
  EXPECT_EQ(store.quarantined(1000)->size(), kRetriedMax + 1);
}

TEST_F(ReceiverTest, RetryOfQuarantineTriesWhatAClockThatWasAheadHasStamped) {
  store::memory::MemoryEnvironment store;
  Receiver receiver(params(store));
  std::vector<Event> many;
  for (uint64_t i = 0; i < kRetriedMax; ++i) many.push_back(poison(i + 1));
  auto taken = send(receiver, post_events(many));
  EXPECT_EQ(get(taken).status, 200);
  store::Projection ahead;
  ahead.event_id = poison(kRetriedMax + 1).id;
  ahead.status = store::Applied::quarantined;
  ahead.reason = "unknown";
  ASSERT_TRUE(store.apply({&ahead, 1}, clock_.now() + std::chrono::days{40}, nullptr));
  clock_.advance(Millis{1000});
  const Instant begun = clock_.now();
  const auto tried = [&] { return retry_quarantined(store, clock_.now(), begun)->tried; };
  EXPECT_EQ(tried(), kRetriedMax);
  EXPECT_EQ(tried(), 1u) << "its attempt seems to be in the future";
  EXPECT_EQ(tried(), 0u);
}

TEST_F(ReceiverTest, ConcurrentSendersAreEachAnsweredOnce) {
  store::memory::MemoryEnvironment store;
  Receiver receiver(params(store));
  std::vector<std::jthread> senders;
  std::atomic<int> applied{0};
  for (uint64_t sender = 0; sender < 4; ++sender) {
    senders.emplace_back([&, sender] {
      for (uint64_t i = 1; i <= 50; ++i) {
        auto answer = send(receiver, post_events({follow(sender * 100 + i)}));
        applied += get(answer).body.find("\"applied\"") != std::string::npos ? 1 : 0;
      }
    });
  }
  senders.clear();
  EXPECT_EQ(applied, 200);
}

}  // namespace
}  // namespace vf::receive
