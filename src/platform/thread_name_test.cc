// Thread names: their limit, and that a started thread has its name before its body runs.
#include "platform/thread_name.h"

#include <gtest/gtest.h>

namespace vf::platform {
namespace {

std::string name_as_seen(std::string given) {
  std::string seen;
  named_thread(std::move(given), [&seen] { seen = this_thread_name(); }).join();
  return seen;
}

TEST(ThreadName, BodyRunsUnderTheGivenName) { EXPECT_EQ(name_as_seen("target:stage"), "target:stage"); }

TEST(ThreadName, FifteenBytesAreKeptAndTheRestIsCut) {
  EXPECT_EQ(name_as_seen("target:abcdefgh"), "target:abcdefgh");
  EXPECT_EQ(name_as_seen("target:abcdefghi"), "target:abcdefgh");
  EXPECT_EQ(name_as_seen(std::string(300, 'x')), std::string(kThreadNameBytesMax, 'x'));
  EXPECT_EQ(name_as_seen(""), "");
}

TEST(ThreadName, OnlyOneOfSeveralIsNumbered) {
  EXPECT_EQ(numbered_name("commit", 0, 1), "commit");
  EXPECT_EQ(numbered_name("commit", 0, 2), "commit-0");
  EXPECT_EQ(numbered_name("commit", 1, 2), "commit-1");
}

TEST(ThreadName, BodyGetsTheThreadsStopToken) {
  bool stopped = false;
  {
    auto thread = named_thread("waits", [&stopped](const std::stop_token& stop) {
      while (!stop.stop_requested()) std::this_thread::yield();
      stopped = true;
    });
  }
  EXPECT_TRUE(stopped);
}

}  // namespace
}  // namespace vf::platform
