// A dispatcher over the store in memory, with a wire and a committer that a test moves step by step.
// Test code, single-threaded.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "event/envelope_reader.h"
#include "event/identity.h"
#include "fanout/dispatcher.h"
#include "fanout/tests/function_transport_test.h"
#include "outbox/function_writer_test.h"
#include "store/memory/outbox.h"

namespace vf::fanout {

struct OnTheWire {
  http::Outgoing request;
  http::Completion done;
  SteadyTime sent_at{0};

  std::string header(std::string_view name) const {
    for (const auto& [key, value] : request.headers) {
      if (key == name) return value;
    }
    return {};
  }
  /// Returns the message ids of the events that the request carries.
  std::vector<std::string> messages() const {
    std::vector<std::string> ids;
    const auto events = read_envelopes(request.body, 1000);
    for (const auto& event : events.value()) ids.push_back(event.message_id);
    return ids;
  }
};

/// The store in memory, with reads that fail on demand and a clock of its own.
struct ReadableOnDemand : store::memory::MemoryOutbox {
  bool reads_fail = false;
  Millis behind{0};  // how far the store's clock is behind ours

  Result<Instant> time(Instant ours) override {
    if (reads_fail) return unavailable("the store is away");
    return ours - behind;
  }

  Result<std::vector<store::OutboxRow>> read_after(const store::ReadAfter& params) override {
    if (reads_fail) return unavailable("the store is away");
    return MemoryOutbox::read_after(params);
  }
};

struct DispatcherFixture : testing::Test {
  ManualClock clock{from_unix_millis(1'700'000'000'000)};
  SeededRandom random{1};
  ReadableOnDemand outbox;
  Target target{.name = "stage",
                .url = "http://127.0.0.1:1/internal/events",
                .secrets = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
                .start = Start::earliest};
  Tuning tuning;
  std::deque<OnTheWire> wire;
  std::deque<std::pair<store::Write, outbox::OnWritten>> writes;
  outbox::FunctionWriter writer{
      [this](store::Write write, outbox::OnWritten done) { writes.emplace_back(std::move(write), std::move(done)); }};
  FunctionTransport transport{[this](http::Outgoing request, http::Completion done) {
    wire.push_back({std::move(request), std::move(done), clock.steady()});
  }};
  bool clock_in_doubt = false;   // nothing irreversible may be done
  bool store_away = false;       // writes fail, nothing is written
  bool outcome_unknown = false;  // writes succeed and are reported as failed
  std::vector<std::pair<Uuid, std::string>> reported_dead;
  std::unique_ptr<Dispatcher> dispatcher;
  int added = 0;

  void start() {
    dispatcher = *Dispatcher::create(
        target,
        {.outbox = outbox,
         .writer = writer,
         .transport = transport,
         .clock = clock,
         .random = random,
         .trusted_now = [this] { return trusted_now(); },
         .on_dead = [this](Uuid id, const std::string& reason) { reported_dead.emplace_back(id, reason); }},
        tuning);
    run();
  }
  Result<std::optional<Instant>> trusted_now() {
    if (clock_in_doubt) return std::optional<Instant>();
    VF_ASSIGN(const auto now, outbox.time(clock.now()));
    return std::optional(now);
  }
  /// Starts a new process: requests on the wire and writes on their way to the store are lost.
  void crash_and_restart() {
    wire.clear();
    writes.clear();
    start();
  }

  Event event(const std::string& message) const {
    Event e;
    e.source = "kick";
    e.type = "kick.chat.message.sent";
    e.message_id = message;
    e.id = event_id(e.source, message, std::nullopt);
    e.fact_key = message;
    e.is_json = true;
    e.body = R"({"n":1})";
    e.headers = "{}";
    e.time = clock.now();
    return e;
  }
  void add(Event e, bool fan_out = true) {
    const store::Write write = store::AddEvent{.event = std::move(e), .fan_out = fan_out};
    const auto results = outbox.write({&write, 1}, clock.now(), nullptr);
    ASSERT_TRUE(results);
    if (dispatcher) dispatcher->saw_commit(std::get<store::EventAdded>(results->front()).position);
  }
  /// Adds events m0, m1, …, numbered on over all calls.
  void add(int count) {
    for (int i = 0; i < count; ++i) add(event(fmt::format("m{}", added++)));
  }

  void commit_one() {
    auto [write, done] = std::move(writes.front());
    writes.pop_front();
    if (store_away) return done(unavailable("the store is away"));
    auto results = outbox.write({&write, 1}, clock.now(), nullptr);
    if (outcome_unknown) return done(unavailable("connection lost"));
    done(results ? Result<store::WriteResult>(results->front()) : results.error());
  }
  /// Steps and commits until there is nothing to do. Leaves requests on the wire unanswered.
  Millis run() {
    Millis wait = dispatcher->step();
    while (!writes.empty() || wait == Millis{0}) {
      while (!writes.empty()) commit_one();
      wait = dispatcher->step();
    }
    return wait;
  }
  void advance(Millis by) {
    clock.advance(by);
    run();
  }

  void answer(size_t index, Result<http::Response> response) {
    auto sent = std::move(wire.at(index));
    wire.erase(wire.begin() + static_cast<std::ptrdiff_t>(index));
    sent.done(std::move(response));
    run();
  }
  /// Answers with a result for each event, as our own receiver does.
  void answer(size_t index, int status) {
    std::string results;
    for (const Event& event : read_envelopes(wire.at(index).request.body, SIZE_MAX).value()) {
      results += results.empty() ? "" : ",";
      results += R"({"id":")" + event.id.to_string() + R"(","status":"applied"})";
    }
    answer(index, status, R"({"results":[)" + results + "]}");
  }
  void answer(size_t index, int status, std::string body) {
    http::Response response;
    response.status = status;
    response.body = std::move(body);
    answer(index, std::move(response));
  }
  /// Advances the clock until a request is sent: the back-off is over, and an event is due.
  void wait_for_request() {
    for (int i = 0; i < 10'000 && wire.empty(); ++i) advance(run());
    ASSERT_FALSE(wire.empty()) << "nothing is sent";
  }

  Position cursor() { return outbox.cursor("stage").value().value(); }
  Position end() { return outbox.end().value(); }
  std::vector<store::PutDelivery> rows(store::PutDelivery::State state) {
    return outbox.deliveries("stage", state, 10'000).value();
  }
  std::vector<store::PutDelivery> dead() { return rows(store::PutDelivery::State::dead); }
  std::vector<store::PutDelivery> retries() { return rows(store::PutDelivery::State::retry); }
};

/// A DispatcherFixture with an operator's orders and their outcomes.
struct OperatorFixture : DispatcherFixture {
  std::optional<Result<void>> completed;

  outbox::OnDone completion() {
    return [this](Result<void> result) { completed = std::move(result); };
  }
  void set_mode(Mode mode) {
    completed.reset();
    dispatcher->set_mode(mode, completion());
    run();
    ASSERT_TRUE(completed.has_value());
    EXPECT_TRUE(completed->has_value());
  }
  void resume() {
    dispatcher->resume(completion());
    run();
  }
};

}  // namespace vf::fanout
