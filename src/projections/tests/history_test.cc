// Order, repetition, batching and facts sent twice cannot change a table.
#include "projections/tests/history_test.h"

#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>

namespace vf::projections {
namespace {

constexpr size_t kFactsMax = 60;

std::vector<Event> shuffled_with_repeats(std::vector<Event> events) {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  const size_t once = events.size();
  for (size_t i = 0; i < once / 2; ++i) events.push_back(events[random() % once]);
  std::shuffle(events.begin(), events.end(), random);
  return events;
}

// Folded as a driver does: each batch is joined in itself first, then into the tables.
Fold folded_in_batches(const std::vector<Event>& events) {
  Fold tables;
  for (size_t from = 0; from < events.size();) {
    const size_t to = std::min(events.size(), from + *rc::gen::inRange<size_t>(1, 9));
    Fold batch;
    for (; from < to; ++from) batch.add(events[from]);
    for (const auto& [key, row] : batch) tables.add(row);
  }
  return tables;
}

RC_GTEST_PROP(History, AnyOrderRepetitionAndBatchingGiveTheSameTables, ()) {
  const auto events = random_deliveries(random_history(kFactsMax));
  Fold straight;
  for (const auto& event : events) straight.add(event);
  RC_ASSERT(straight.size() > 0);
  RC_ASSERT(folded_in_batches(shuffled_with_repeats(events)).read() == straight.read());
}

RC_GTEST_PROP(History, AFactSentTwiceChangesOnlyColumnsOfTheNamingLaw, ()) {
  const auto facts = random_history(kFactsMax);
  Fold once;
  for (const auto& fact : facts) once.add(message_of(fact, 0, Millis{0}));
  Fold twice;
  for (const auto& event : shuffled_with_repeats(random_deliveries(facts))) twice.add(event);
  for (const auto& fact : facts) twice.add(message_of(fact, 0, Millis{0}));
  RC_ASSERT(twice.read(true) == once.read(true));
}

RC_GTEST_PROP(History, EveryFactIsApplied, ()) {
  for (const auto& fact : random_history(kFactsMax)) {
    const auto projection = project(message_of(fact, 0, Millis{0}));
    RC_ASSERT(projection.status == store::Applied::applied);
  }
}

}  // namespace
}  // namespace vf::projections
