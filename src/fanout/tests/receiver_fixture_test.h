// A dispatcher whose receiver takes every event except faulty ones, on which it fails in a given way.
// Test code, single-threaded.
#pragma once

#include <map>
#include <set>

#include "fanout/tests/dispatcher_fixture_test.h"
#include "outbox/dead_letters.h"

namespace vf::fanout {

/// How a receiver fails.
struct Failure {
  int status = 0;      // 0: no answer
  bool hangs = false;  // no answer before the timeout; else the connection is reset
  std::optional<std::chrono::seconds> retry_after = {};

  friend void PrintTo(const Failure& failure, std::ostream* out) {
    *out << (failure.hangs ? "timeout" : failure.status == 0 ? "reset" : std::to_string(failure.status));
    if (failure.retry_after) *out << " Retry-After " << failure.retry_after->count();
  }
};

/// Every way to fail that does not ask the hub to wait.
inline std::vector<Failure> failures() {
  std::vector<Failure> all;
  for (const int status : {301, 400, 401, 403, 404, 408, 409, 410, 413, 415, 422, 451, 500, 501, 502, 503, 504, 520}) {
    all.push_back({.status = status});
  }
  all.push_back({});
  all.push_back({.hangs = true});
  return all;
}

struct ReceiverFixture : OperatorFixture {
  ReceiverFixture() {
    target.url = "http://127.0.0.1:1/hooks";  // a foreign receiver, whose status is its answer
  }
  /// Retries so quickly that an event is dead after a few seconds of traffic: 3 s and ten counted attempts.
  void retry_quickly() { tuning.retry = {.first = Millis{10}, .longest = Millis{50}, .attempts = 1}; }

  std::set<std::string> faulty;
  Failure failure{.status = 500};
  bool is_down = false;               // fails on every event
  std::map<std::string, int> taken;   // how often the receiver accepted it
  std::map<std::string, int> failed;  // how often it was in a request that failed

  bool fails(const OnTheWire& sent) const {
    return is_down || std::ranges::any_of(sent.messages(), [this](const auto& id) { return faulty.contains(id); });
  }
  bool may_be_answered(const OnTheWire& sent) const {
    return !failure.hangs || !fails(sent) || clock.steady() - sent.sent_at >= target.timeout;
  }
  void answer_as_received(size_t index) {
    const bool is_failure = fails(wire[index]);
    for (const auto& id : wire[index].messages()) ++(is_failure ? failed : taken)[id];
    if (!is_failure) return answer(index, 200, "");
    if (failure.status == 0) return answer(index, unavailable(failure.hangs ? "timeout" : "connection reset"));
    http::Response response;
    response.status = failure.status;
    if (failure.retry_after) response.headers.emplace_back("Retry-After", std::to_string(failure.retry_after->count()));
    answer(index, std::move(response));
  }
  /// Answers all requests that can be answered now, and those that follow.
  void serve() {
    for (;;) {
      const auto next = std::ranges::find_if(wire, [this](const auto& sent) { return may_be_answered(sent); });
      if (next == wire.end()) return;
      answer_as_received(static_cast<size_t>(next - wire.begin()));
    }
  }
  void live(Millis length, Millis step = Millis{1'000}) {
    serve();
    for (Millis passed{0}; passed < length; passed += step) {
      advance(step);
      serve();
    }
  }
  /// Lives until `done`, with one new event a step: 1,000 steps of 20 ms, then 10,000 of a second. Returns false when
  /// that does not come about.
  bool live_with_traffic_until(const std::function<bool()>& done) {
    for (int i = 0; i < 11'000; ++i) {
      if (done()) return true;
      add(1);
      const Millis step{i < 1'000 ? 20 : 1'000};
      live(step, step);
    }
    return done();
  }
  /// One new event that is delivered.
  void deliver_one() {
    add(1);
    run();
    serve();
  }
  /// Makes the next event faulty and lets it fail alone, so that it waits in memory. Returns its message id.
  std::string one_waits() {
    const auto message = fmt::format("m{}", added);
    faulty.insert(message);
    deliver_one();
    return message;
  }
  /// As one_waits(); then it fails again after a delivery, so that it has a row.
  std::string one_waits_with_a_row() {
    const auto message = one_waits();
    live_with_traffic_until([this, rows = retries().size()] { return retries().size() > rows; });
    return message;
  }
  int times_taken_of_all() const {
    int times = 0;
    for (const auto& [_, count] : taken) times += count;
    return times;
  }
  /// Writes what an operator orders, as the committer would do at once.
  outbox::DeadLetters operators_letters() { return {outbox, at_once, clock}; }
  void write_now(const store::Write& write) { ASSERT_TRUE(outbox.write({&write, 1}, clock.now(), nullptr)); }
  std::optional<store::PutDelivery> row(const std::string& message) {
    for (const auto& row : outbox.deliveries_of(event(message).id).value()) return row;
    return std::nullopt;
  }

  outbox::FunctionWriter at_once{[this](const store::Write& what, outbox::OnWritten done) {
    auto results = outbox.write({&what, 1}, clock.now(), nullptr);
    done(results->front());
  }};
};

}  // namespace vf::fanout
