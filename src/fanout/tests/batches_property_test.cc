// Batches under arbitrary histories: rows of any size and filter, answers in any order, refusals, resets. Oracle: a
// list of what was added. Each wanted event is completed exactly once, and the cursor never passes an open one.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

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

  Batches::Params params;
  Batches batches;
  SteadyTime now{0};
  uint64_t added = 0;
  std::map<uint64_t, bool> completed;  // wanted events, by seq
  std::vector<PartRef> in_flight;
  Position cursor;

  void add(bool wanted, size_t body_bytes) {
    batches.add(event_at(++added, body_bytes), wanted ? store::SkipReason::none : store::SkipReason::unwanted, now);
    if (wanted) completed[added] = false;
  }
  void cut() { batches.cut(now, in_flight.empty() && !batches.anything_waits()); }
  void send() {
    const auto ref = batches.next(Instant{Millis{1}});
    if (!ref) return;
    const auto items = batches.items(*ref);
    const auto body = batches.body(*ref);
    RC_ASSERT(items.size() <= params.events_max);
    RC_ASSERT(body.size() <= params.bytes_max || items.size() == 1u);
    const auto events = read_envelopes(body, 1000);
    RC_ASSERT(events.has_value());
    RC_ASSERT(events->size() == items.size());
    for (size_t i = 0; i < items.size(); ++i) RC_ASSERT((*events)[i].id == items[i].id);
    in_flight.push_back(*ref);
  }
  PartRef take(size_t index) {
    const PartRef ref = in_flight[index % in_flight.size()];
    std::erase(in_flight, ref);
    return ref;
  }
  void complete(PartRef ref) {
    for (const Item& item : batches.items(ref)) {
      auto& done = completed.at(item.position.seq);
      RC_ASSERT(!done);
      done = true;
    }
    batches.complete(ref, true);
  }
  void advance() {
    const auto step = batches.completed();
    if (!step) return;
    RC_ASSERT(step->from == cursor);
    RC_ASSERT(step->to > cursor);
    int64_t count = 0;
    for (auto at = completed.upper_bound(cursor.seq); at != completed.end() && at->first <= step->to.seq; ++at) {
      RC_ASSERT(at->second);
      ++count;
    }
    RC_ASSERT(step->count == count);
    cursor = step->to;
    RC_ASSERT(batches.advance_to(cursor));
  }
  // Restarts: rows that the cursor has not passed are read again.
  void restart() {
    batches = Batches(params);
    batches.reset(cursor);
    completed.erase(completed.upper_bound(cursor.seq), completed.end());
    in_flight.clear();
    added = cursor.seq;
  }
};

void act(History& h) {
  const auto pick = *rc::gen::inRange<size_t>(0, 1000);
  switch (*rc::gen::inRange(0, 10)) {
    case 0:
    case 1:
    case 2:
      return h.add(pick % 3 != 0, pick % 200);
    case 3:
      h.now += Millis{static_cast<int64_t>(pick)};
      return h.cut();
    case 4:
    case 5:
      return h.send();
    case 6:
      if (!h.in_flight.empty()) h.complete(h.take(pick));
      return;
    case 7:
      if (!h.in_flight.empty()) h.batches.requeue(h.take(pick));
      return;
    case 8:
      if (!h.in_flight.empty()) {
        const PartRef ref = h.take(pick);
        h.batches.items(ref).size() > 1 ? h.batches.split(ref) : h.complete(ref);
      }
      return;
    default:
      return pick == 0 ? h.restart() : h.advance();
  }
}

RC_GTEST_PROP(BatchesProperty, NeverSkipNorRepeat, ()) {
  Batches::Params params;
  params.events_max = *rc::gen::inRange<size_t>(1, 8);
  params.bytes_max = *rc::gen::inRange<size_t>(200, 1500);
  params.skipped_max = 5;
  params.one_event_a_part = false;
  History h(params);
  const int acts = *rc::gen::inRange(0, 300);
  for (int i = 0; i < acts; ++i) act(h);
  for (int guard = 0; h.cursor.seq < h.added; ++guard) {  // to rest
    RC_ASSERT(guard < 1000);
    h.now += std::chrono::seconds{10};
    h.cut();
    while (h.batches.anything_waits()) h.send();
    while (!h.in_flight.empty()) h.complete(h.take(0));
    h.advance();
  }
  for (const auto& [seq, done] : h.completed) RC_ASSERT(done);
}

TEST(Batches, ResetForgetsEveryPart) {
  Batches batches({});
  batches.reset({});
  batches.add(event_at(1, 1), store::SkipReason::none, SteadyTime{0});
  batches.cut(SteadyTime{0}, true);
  const auto ref = batches.next(Instant{}).value();
  EXPECT_TRUE(batches.has(ref));
  batches.reset({});
  EXPECT_FALSE(batches.has(ref));
  batches.add(event_at(1, 1), store::SkipReason::none, SteadyTime{0});
  batches.cut(SteadyTime{0}, true);
  EXPECT_FALSE(batches.has(ref));
  EXPECT_TRUE(batches.has(batches.next(Instant{}).value()));
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

}  // namespace
}  // namespace vf::fanout
