// The dispatcher against a receiver and a store that fail at random. Oracle: the events that the receiver accepted.
// Every event is delivered, or a dead letter if the receiver fails on it. An event arrives twice only after an answer
// that was lost, a crash, or a write of unknown outcome.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "fanout/tests/dispatcher_fixture_test.h"

namespace vf::fanout {
namespace {

struct World : DispatcherFixture {
  void TestBody() override {}

  std::map<std::string, int> taken;  // by message id: how often the receiver accepted it
  int status_of_faulty = 422;        // 0: it resets the connection
  int good = 0;                      // events added while the world comes to rest
  bool excuses_repeats = false;
  bool healthy = false;

  static bool is_faulty(const std::string& message) { return message.ends_with('7'); }

  // The receiver accepts all of a request or nothing.
  int receive(const OnTheWire& sent) {
    const auto messages = sent.messages();
    if (std::ranges::any_of(messages, is_faulty)) return status_of_faulty;
    for (const auto& message : messages) ++taken[message];
    return 200;
  }

  void answer_one(size_t pick) {
    if (wire.empty()) return;
    const size_t index = pick % wire.size();
    const size_t fate = healthy ? 9 : pick % 10;
    if (fate == 0) return answer(index, 503);
    if (fate == 1) return answer(index, unavailable("reset before it was received"));
    const int status = receive(wire[index]);
    if (status == 0) return answer(index, unavailable("reset"));
    if (fate != 2) return answer(index, status);
    excuses_repeats = true;
    answer(index, unavailable("reset after it was received"));
  }

  void act(size_t what, size_t pick) {
    switch (what) {
      case 0:
        add(static_cast<int>(pick % 20));
        run();
        return;
      case 1:
        return advance(Millis{static_cast<int64_t>(pick)} * 20);
      case 2:
        store_away = pick % 2 == 0;
        return;
      case 3:
        outcome_unknown = pick % 2 == 0;
        return;
      case 4:
        if (pick % 10 != 0) return;
        excuses_repeats = true;
        return crash_and_restart();
      default:
        return answer_one(pick);
    }
  }

  // Events become dead letters only while others are delivered.
  void come_to_rest() {
    healthy = true;
    store_away = outcome_unknown = false;
    for (int i = 0; i < 5'000 && (cursor() != end() || !retries().empty()); ++i) {
      if (!retries().empty() || dispatcher->status().waiting > 0) add(event(fmt::format("good-{}-", good++)));
      advance(Millis{i < 500 ? 20 : 1'000});
      while (!wire.empty()) answer_one(9);
    }
  }
};

void check(Delivery delivery) {
  World world;
  world.target.delivery = delivery;
  world.tuning.batches.events_max = *rc::gen::inRange<size_t>(1, 12);
  world.tuning.retry = {.first = Millis{10}, .longest = Millis{50}, .attempts = 1};
  world.status_of_faulty = *rc::gen::element(0, 400, 404, 409, 422, 500, 502);
  world.target.url = "http://127.0.0.1:1/hooks";
  world.random = SeededRandom(*rc::gen::arbitrary<uint64_t>());
  world.start();
  const int acts = *rc::gen::inRange(0, 150);
  for (int i = 0; i < acts; ++i) world.act(*rc::gen::inRange<size_t>(0, 12), *rc::gen::inRange<size_t>(0, 1000));
  world.come_to_rest();
  RC_ASSERT(world.cursor() == world.end());
  RC_ASSERT(world.retries().empty());
  std::set<Uuid> dead;
  for (const auto& row : world.dead()) dead.insert(row.event_id);
  for (int i = 0; i < world.added; ++i) {
    const auto message = fmt::format("m{}", i);
    const bool faulty = World::is_faulty(message);
    RC_ASSERT(dead.contains(world.event(message).id) == faulty);
    RC_ASSERT((world.taken[message] > 0) == !faulty);
    RC_ASSERT(world.excuses_repeats || world.taken[message] <= 1);
  }
}

RC_GTEST_PROP(DispatcherProperty, BatchesReachAHealthyTargetOnceAndWhole, ()) { check(Delivery::batch); }
RC_GTEST_PROP(DispatcherProperty, SingleEventsReachAHealthyTargetOnceAndWhole, ()) { check(Delivery::single); }

}  // namespace
}  // namespace vf::fanout
