// Which failed attempts count. Oracle: the comments of evidence.h.
#include "retry/evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace vf::retry {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr SteadyTime kTick{1};  // the least time that the steady clock can show

Uuid id(uint8_t number) {
  Uuid uuid{};
  uuid.bytes.front() = number;
  return uuid;
}

struct EvidenceTest : testing::Test {
  Evidence evidence;
  uint64_t last_request = 0;

  uint64_t fresh_began(SteadyTime at) {
    evidence.fresh_began(++last_request, at);
    return last_request;
  }
  std::vector<uint8_t> fresh_ended(uint64_t request, bool delivered, SteadyTime at) {
    std::vector<uint8_t> counted;
    for (const auto& attempt : evidence.fresh_ended(request, delivered, at)) {
      counted.push_back(attempt.event_id.bytes.front());
    }
    return counted;
  }
  /// A fresh request that no other overlaps. Returns which events have one more counted attempt.
  std::vector<uint8_t> fresh(bool delivered, SteadyTime began, SteadyTime ended) {
    return fresh_ended(fresh_began(began), delivered, ended);
  }
  /// An attempt that fails, while no fresh request begins or ends.
  void fails(uint8_t event, SteadyTime began, SteadyTime ended) {
    evidence.failed({.event_id = id(event), .before = evidence.before(), .began = began, .ended = ended});
  }
};

TEST_F(EvidenceTest, AttemptBetweenTwoDeliveriesCounts) {
  EXPECT_THAT(fresh(true, 0s, 1s), IsEmpty());
  fails(7, 2s, 3s);
  EXPECT_THAT(fresh(true, 4s, 5s), ElementsAre(7));
  EXPECT_THAT(fresh(true, 6s, 7s), IsEmpty()) << "it counts once";
}

TEST_F(EvidenceTest, AttemptBesideAFailureDoesNotCount) {
  fails(1, 0s, 1s);
  EXPECT_THAT(fresh(true, 2s, 3s), IsEmpty()) << "no fresh request ended before it";
  EXPECT_THAT(fresh(false, 4s, 5s), IsEmpty());
  fails(2, 6s, 7s);
  EXPECT_THAT(fresh(true, 8s, 9s), IsEmpty()) << "the one before it failed";
  fails(3, 10s, 11s);
  EXPECT_THAT(fresh(false, 12s, 13s), IsEmpty()) << "the one after it failed";
  EXPECT_THAT(fresh(true, 14s, 15s), IsEmpty()) << "a later delivery changes nothing";
}

TEST_F(EvidenceTest, BeforeIsTheFreshRequestThatEndedLast) {
  const auto slow = fresh_began(0s);
  EXPECT_THAT(fresh(true, 1s, 2s), IsEmpty());
  EXPECT_THAT(fresh_ended(slow, false, 3s), IsEmpty());
  fails(1, 4s, 5s);
  EXPECT_THAT(fresh(true, 6s, 7s), IsEmpty()) << "the one that began first ended last, and failed";
}

TEST_F(EvidenceTest, OverlappingFreshRequestsSayNothing) {
  EXPECT_THAT(fresh(true, 0s, 1s), IsEmpty());
  const auto before = evidence.before();
  const auto began_before = fresh_began(2s);
  const auto began_within = fresh_began(4s);
  const auto ended_within = fresh_began(4s);
  EXPECT_THAT(fresh_ended(ended_within, false, 5s), IsEmpty());
  evidence.failed({.event_id = id(9), .before = before, .began = 3s, .ended = 6s});
  EXPECT_THAT(fresh_ended(began_before, true, 7s), IsEmpty());
  EXPECT_THAT(fresh_ended(began_within, false, 8s), IsEmpty());
  EXPECT_THAT(fresh(true, 9s, 10s), ElementsAre(9));
}

TEST_F(EvidenceTest, AfterIsTheFirstThatBeginsAlsoIfItEndsLast) {
  EXPECT_THAT(fresh(true, 0s, 1s), IsEmpty());
  fails(1, 2s, 3s);
  const auto after = fresh_began(3s);
  EXPECT_THAT(fresh(true, 4s, 5s), IsEmpty());
  EXPECT_THAT(fresh_ended(after, false, 6s), IsEmpty());

  EXPECT_THAT(fresh(true, 7s, 8s), IsEmpty());
  fails(2, 9s, 10s);
  const auto delivered = fresh_began(10s);
  EXPECT_THAT(fresh(false, 11s, 12s), IsEmpty());
  EXPECT_THAT(fresh_ended(delivered, true, 13s), ElementsAre(2));
}

TEST_F(EvidenceTest, OneOfTheTwoIsWithinAMinute) {
  EXPECT_THAT(fresh(true, 0s, 10s), IsEmpty());
  fails(1, 70s, 70s);  // a minute after the delivery
  EXPECT_THAT(fresh(true, 1h, 2h), ElementsAre(1));
  fails(2, 2h + 60s + kTick, 2h + 60s + kTick);
  EXPECT_THAT(fresh(true, 3h, 3h), IsEmpty());

  fails(3, 4h, 4h);
  EXPECT_THAT(fresh(true, 4h + 60s, 4h + 60s), ElementsAre(3));
  fails(4, 5h, 5h);
  EXPECT_THAT(fresh(true, 5h + 60s + kTick, 6h), IsEmpty());
}

TEST_F(EvidenceTest, OfManyAttemptsThoseNearADeliveryCount) {
  EXPECT_THAT(fresh(true, 0s, 0s), IsEmpty());
  for (uint8_t minute = 0; minute < 100; ++minute) {
    fails(minute, std::chrono::minutes{minute}, std::chrono::minutes{minute});
  }
  EXPECT_THAT(fresh(true, 99min + 1s, 100min), ElementsAre(0, 1, 99));
}

}  // namespace
}  // namespace vf::retry
