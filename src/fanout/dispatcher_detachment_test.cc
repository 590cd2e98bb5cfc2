// A detachment whose move of the cursor is not confirmed yet, and an operator who resumes meanwhile. Oracle: what is on
// the wire.
#include "fanout/dispatcher_fixture_test.h"

namespace vf::fanout {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct UnconfirmedMove : DispatcherFixture {};

TEST_F(UnconfirmedMove, ResumedMeanwhileItSendsNothingOlder) {
  target.max_backlog = std::chrono::hours{2};
  target.mode = Mode::paused;
  add(3);
  start();
  clock.advance(std::chrono::hours{3});
  for (int i = 0; i < 100 && (writes.empty() || !std::holds_alternative<store::MoveCursor>(writes.front().first));
       ++i) {
    while (!writes.empty()) commit_one();
    dispatcher->step();
  }
  ASSERT_FALSE(writes.empty()) << "the cursor is not moved";
  outcome_unknown = true;
  commit_one();
  outcome_unknown = false;
  ASSERT_EQ(cursor(), end());
  dispatcher->resume([](const auto&) {});
  run();
  EXPECT_THAT(wire, IsEmpty()) << "what the move left behind";
  advance(std::chrono::seconds{2});
  EXPECT_THAT(wire, IsEmpty());
  add(1);
  run();
  ASSERT_EQ(wire.size(), 1u);
  EXPECT_THAT(wire[0].messages(), ElementsAre("m3"));
}

}  // namespace
}  // namespace vf::fanout
