// Tests metric and health check for a horizon that does not move. Oracle: the metrics' text and the body of /readyz.
#include "watch/horizon_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vf::watch {
namespace {

using testing::HasSubstr;
using testing::Not;

class HorizonWatch : public testing::Test {
 protected:
  HorizonWatch() {
    watch_horizon([this] { return answer_; }, {clock_, log_, metrics_, health_});
  }

  SystemClock clock_;
  obs::Log log_{obs::Format::human, obs::Level::error};
  obs::Metrics metrics_;
  obs::Health health_;
  Result<std::optional<HeldBack>> answer_ = std::optional<HeldBack>{};
};

TEST_F(HorizonWatch, NothingHeldBackIsZeroAndHealthy) {
  EXPECT_THAT(metrics_.render(), HasSubstr("vf_outbox_horizon_seconds 0\n"));
  EXPECT_THAT(health_.ready().body, HasSubstr(R"("outbox horizon":{"ok":true})"));
}

TEST_F(HorizonWatch, AfterAMinuteTheCheckNamesTheHolder) {
  answer_ = HeldBack{Millis{60'000}, "process 7 (psql) of anna in database x"};
  EXPECT_THAT(metrics_.render(), HasSubstr("vf_outbox_horizon_seconds 60\n"));
  EXPECT_THAT(health_.ready().body, HasSubstr(R"("outbox horizon":{"ok":true})"));
  answer_ = HeldBack{Millis{75'000}, "process 7 (psql) of anna in database x"};
  const auto answer = health_.ready();
  EXPECT_TRUE(answer.ready);
  EXPECT_THAT(answer.body, HasSubstr("75 s"));
  EXPECT_THAT(answer.body, HasSubstr("process 7 (psql) of anna in database x"));
}

TEST_F(HorizonWatch, WithoutAnAnswerThereIsNoNumber) {
  answer_ = unavailable("gone");
  EXPECT_THAT(metrics_.render(), Not(HasSubstr("\nvf_outbox_horizon_seconds ")));
  EXPECT_THAT(health_.ready().body, HasSubstr(R"("outbox horizon":{"ok":true})"));
}

}  // namespace
}  // namespace vf::watch
