// Batches under arbitrary histories: rows of any size and filter, answers in any order, failures, events taken out,
// skips, restarts. Oracle: a list of what was added. Each wanted event is completed exactly once, the cursor never
// passes an open one, and what is held is accounted for.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "event/envelope.h"
#include "event/envelope_reader.h"
#include "fanout/batches.h"

namespace vf::fanout {
namespace {

Event event_at(uint64_t seq, size_t body_bytes) {
  Event e;
  e.position = {0, 0, seq};
  std::memcpy(e.id.bytes.data(), &seq, sizeof(seq));
  e.source = "s";
  e.type = "s.t";
  e.is_json = true;
  e.body = '"' + std::string(body_bytes, 'x') + '"';
  return e;
}

struct History {
  explicit History(Batches::Params p) : params(p), batches(p) { batches.reset({}); }

  struct Wanted {
    enum class State { waits, in_flight, delivered, completed, skipped } state = State::waits;
    bool has_failed = false;
    size_t bytes = 0;  // of its envelope
    bool is_open() const { return state == State::waits || state == State::in_flight; }
  };
  using State = Wanted::State;

  Batches::Params params;
  Batches batches;
  SeededRandom random{1};
  SteadyTime now{0};
  uint64_t added = 0;
  std::map<uint64_t, Wanted> wanted;  // by seq
  std::vector<PartRef> in_flight;
  Position cursor;

  void add(bool is_wanted, size_t body_bytes) {
    const Event event = event_at(++added, body_bytes);
    batches.add(event, is_wanted ? store::SkipReason::none : store::SkipReason::unwanted, now);
    if (!is_wanted) return;
    std::string envelope;
    append_envelope(envelope, event);
    wanted[added].bytes = envelope.size();
  }
  void cut() { batches.cut(now, in_flight.empty() && !batches.anything_waits()); }
  void send(size_t events_max, bool at_random) {
    const bool anything_waits = batches.anything_waits();
    const auto ref = batches.next(Instant{Millis{1}}, events_max, at_random ? &random : nullptr);
    RC_ASSERT(ref.has_value() == anything_waits);
    if (!ref) return;
    const auto items = batches.items(*ref);
    const auto body = batches.body(*ref);
    RC_ASSERT(!items.empty());
    RC_ASSERT(items.size() <= std::min(params.events_max, std::max<size_t>(1, events_max)));
    RC_ASSERT(!params.one_event_a_part || items.size() == 1u);
    RC_ASSERT(body.size() <= params.bytes_max || items.size() == 1u);
    const auto events = read_envelopes(body, 1000);
    RC_ASSERT(events.has_value());
    RC_ASSERT(events->size() == items.size());
    for (size_t i = 0; i < items.size(); ++i) {
      RC_ASSERT((*events)[i].id == items[i].id);
      Wanted& event = wanted.at(items[i].position.seq);
      RC_ASSERT(event.state == State::waits);
      RC_ASSERT(event.has_failed == batches.has_failed(*ref));
      event.state = State::in_flight;
    }
    in_flight.push_back(*ref);
  }
  PartRef take(size_t index) {
    const PartRef ref = in_flight[index % in_flight.size()];
    std::erase(in_flight, ref);
    return ref;
  }
  void end(PartRef ref, State state) {
    for (const Item& item : batches.items(ref)) {
      Wanted& event = wanted.at(item.position.seq);
      RC_ASSERT(event.state == State::in_flight);
      event.state = state;
      event.has_failed |= state == State::waits;
    }
  }
  void complete(PartRef ref, bool delivered) {
    end(ref, delivered ? State::delivered : State::completed);
    batches.complete(ref, delivered);
  }
  void fail(PartRef ref, bool halve) {
    if (batches.items(ref).size() < 2) return complete(ref, false);
    end(ref, State::waits);
    halve ? batches.halve(ref) : batches.cut_up(ref);
  }
  void take_out(uint64_t seq) {
    const auto event = wanted.find(seq);
    const bool waits = event != wanted.end() && event->second.state == State::waits && seq > cursor.seq;
    RC_ASSERT(batches.take_out(event_at(seq, 0).id) == waits);
    if (waits) event->second.state = State::completed;
  }
  void skip_waiting() {
    batches.skip_waiting(store::SkipReason::dry_run);
    for (auto& [_, event] : wanted) {
      if (event.state == State::waits) event.state = State::skipped;
    }
  }
  void advance() {
    const auto step = batches.completed();
    if (!step) return;
    RC_ASSERT(step->from == cursor);
    RC_ASSERT(step->to > cursor);
    int64_t count = 0;
    for (auto at = wanted.upper_bound(cursor.seq); at != wanted.end() && at->first <= step->to.seq; ++at) {
      RC_ASSERT(!at->second.is_open());
      RC_ASSERT((at->second.state == State::skipped) == (step->skip_reason == store::SkipReason::dry_run));
      count += at->second.state == State::delivered ? 1 : 0;
    }
    RC_ASSERT(step->count == count);
    cursor = step->to;
    RC_ASSERT(batches.advance_to(cursor));
  }
  // Restarts: rows that the cursor has not passed are read again.
  void restart() {
    batches = Batches(params);
    batches.reset(cursor);
    wanted.erase(wanted.upper_bound(cursor.seq), wanted.end());
    in_flight.clear();
    added = cursor.seq;
  }
  // Open events are held; a batch of which none is open counts as one event and no byte.
  void check_held() const {
    size_t events = 0;
    size_t bytes = 0;
    size_t bytes_not_passed = 0;
    bool anything_waits = false;
    for (auto at = wanted.upper_bound(cursor.seq); at != wanted.end(); ++at) {
      const Wanted& event = at->second;
      events += event.is_open() ? 1 : 0;
      bytes += event.is_open() ? event.bytes : 0;
      bytes_not_passed += event.bytes;
      anything_waits |= event.state == State::waits;
    }
    RC_ASSERT(batches.held().events >= events);
    RC_ASSERT(batches.held().events <= added - cursor.seq);
    RC_ASSERT(batches.held().bytes >= bytes);
    RC_ASSERT(batches.held().bytes <= bytes_not_passed);
    RC_ASSERT(anything_waits || !batches.anything_waits());
  }
};

void act(History& h) {
  const auto pick = *rc::gen::inRange<size_t>(0, 1000);
  switch (*rc::gen::inRange(0, 12)) {
    case 0:
    case 1:
    case 2:
      return h.add(pick % 3 != 0, pick % 200);
    case 3:
      h.now += Millis{static_cast<int64_t>(pick)};
      return h.cut();
    case 4:
    case 5:
      return h.send(pick % 10, pick % 3 == 0);
    case 6:
      if (!h.in_flight.empty()) h.complete(h.take(pick), pick % 5 != 0);
      return;
    case 7:
    case 8:
      if (!h.in_flight.empty()) h.fail(h.take(pick), pick % 3 != 0);
      return;
    case 9:
      return h.take_out(h.added == 0 ? 1 : 1 + pick % h.added);
    case 10:
      if (pick % 20 == 0) h.skip_waiting();
      return;
    default:
      return pick == 0 ? h.restart() : h.advance();
  }
}

void check(bool one_event_a_part) {
  Batches::Params params;
  params.events_max = *rc::gen::inRange<size_t>(1, 8);
  params.bytes_max = *rc::gen::inRange<size_t>(200, 1500);
  params.skipped_max = 5;
  params.one_event_a_part = one_event_a_part;
  History h(params);
  const int acts = *rc::gen::inRange(0, 300);
  for (int i = 0; i < acts; ++i) {
    act(h);
    h.check_held();
  }
  for (int guard = 0; h.cursor.seq < h.added; ++guard) {  // to rest
    RC_ASSERT(guard < 1000);
    h.now += std::chrono::seconds{10};
    h.cut();
    while (h.batches.anything_waits()) h.send(params.events_max, false);
    while (!h.in_flight.empty()) h.complete(h.take(0), true);
    h.advance();
  }
  for (const auto& [_, event] : h.wanted) RC_ASSERT(!event.is_open());
  RC_ASSERT(h.batches.held().events == 0u);
  RC_ASSERT(h.batches.held().bytes == 0u);
}

RC_GTEST_PROP(BatchesProperty, NeverSkipNorRepeat, ()) { check(false); }
RC_GTEST_PROP(BatchesProperty, SingleEventsNeverSkipNorRepeat, ()) { check(true); }

TEST(Batches, ResetForgetsEveryPart) {
  Batches batches({});
  batches.reset({});
  batches.add(event_at(1, 1), store::SkipReason::none, SteadyTime{0});
  batches.cut(SteadyTime{0}, true);
  const auto ref = batches.next(Instant{}, 500).value();
  EXPECT_TRUE(batches.has(ref));
  batches.reset({});
  EXPECT_FALSE(batches.has(ref));
  batches.add(event_at(1, 1), store::SkipReason::none, SteadyTime{0});
  batches.cut(SteadyTime{0}, true);
  EXPECT_FALSE(batches.has(ref));
  EXPECT_TRUE(batches.has(batches.next(Instant{}, 500).value()));
}

TEST(Batches, CursorAmidABatchIsRefused) {
  Batches batches({});
  batches.reset({});
  for (uint64_t seq = 1; seq <= 3; ++seq) batches.add(event_at(seq, 1), store::SkipReason::none, SteadyTime{0});
  batches.cut(SteadyTime{0}, true);
  EXPECT_TRUE(batches.advance_to({}));
  EXPECT_FALSE(batches.advance_to({0, 0, 2}));
  EXPECT_FALSE(batches.advance_to({0, 0, 3})) << "not completed: another process moved it there";
}

struct DividedBatch : testing::Test {
  DividedBatch() {
    batches.reset({});
    for (uint64_t seq = 1; seq <= 8; ++seq) batches.add(event_at(seq, 1), store::SkipReason::none, SteadyTime{0});
    batches.cut(SteadyTime{0}, true);
  }
  std::vector<uint64_t> next(size_t events_max) {
    last = batches.next(Instant{}, events_max).value();
    std::vector<uint64_t> seqs;
    for (const Item& item : batches.items(last)) seqs.push_back(item.position.seq);
    return seqs;
  }
  Batches batches{Batches::Params{}};
  PartRef last;
};

TEST_F(DividedBatch, OldestEventsGoFirstInRequestsOfTheGivenSize) {
  EXPECT_EQ(next(3), (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_EQ(next(1), (std::vector<uint64_t>{4}));
  EXPECT_EQ(next(0), (std::vector<uint64_t>{5})) << "one at least";
  EXPECT_EQ(next(100), (std::vector<uint64_t>{6, 7, 8}));
  EXPECT_FALSE(batches.anything_waits());
}

TEST_F(DividedBatch, FailedPartIsHalvedAndItsHalvesTakeTurnsWithOthers) {
  EXPECT_EQ(next(5), (std::vector<uint64_t>{1, 2, 3, 4, 5}));
  batches.halve(last);
  EXPECT_EQ(next(8), (std::vector<uint64_t>{1, 2}));
  EXPECT_TRUE(batches.has_failed(last));
  EXPECT_EQ(next(2), (std::vector<uint64_t>{6, 7}));
  EXPECT_FALSE(batches.has_failed(last));
  EXPECT_EQ(next(8), (std::vector<uint64_t>{3, 4, 5}));
  EXPECT_EQ(next(8), (std::vector<uint64_t>{8}));
}

TEST_F(DividedBatch, PartThatIsCutUpWaitsAsSingleEvents) {
  EXPECT_EQ(next(8).size(), 8u);
  batches.cut_up(last);
  for (uint64_t seq = 1; seq <= 8; ++seq) EXPECT_EQ(next(8), std::vector<uint64_t>{seq});
}

TEST_F(DividedBatch, RandomRequestMayBeginAnywhere) {
  SeededRandom random{1};
  std::set<uint64_t> first;
  for (int i = 0; i < 200; ++i) {
    Batches fresh{Batches::Params{}};
    fresh.reset({});
    for (uint64_t seq = 1; seq <= 8; ++seq) fresh.add(event_at(seq, 1), store::SkipReason::none, SteadyTime{0});
    fresh.cut(SteadyTime{0}, true);
    first.insert(fresh.items(fresh.next(Instant{}, 3, &random).value()).front().position.seq);
  }
  EXPECT_EQ(first.size(), 8u);
}

TEST_F(DividedBatch, EventIsTakenOutOfTheBatchThatGathersToo) {
  batches.add(event_at(9, 1), store::SkipReason::none, SteadyTime{0});
  EXPECT_TRUE(batches.take_out(event_at(9, 1).id));
  EXPECT_FALSE(batches.take_out(event_at(9, 1).id));
  EXPECT_FALSE(batches.take_out(event_at(10, 1).id));
  EXPECT_EQ(next(100).size(), 8u);
  EXPECT_FALSE(batches.anything_waits());
}

}  // namespace
}  // namespace vf::fanout
