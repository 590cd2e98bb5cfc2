#include "obs/log.h"

#include <gmock/gmock.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

namespace vf::obs {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;

class LogTest : public testing::Test {
 protected:
  Log log(Format format, Level least) {
    return Log({.format = format, .least = least, .clock = &clock_, .sink = [this](std::string_view line) {
                  const std::lock_guard lock(mutex_);
                  lines_.emplace_back(line);
                }});
  }

  ManualClock clock_{*parse_time("2026-11-22T16:38:17.042Z")};
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

TEST_F(LogTest, HumanLinesAreReadable) {
  log(Format::human, Level::info)
      .warn("target is away", {{"target", "stage"}, {"failures", 3}, {"for_s", 1.5}, {"live", true}});
  EXPECT_THAT(lines_,
              ElementsAre("2026-11-22T16:38:17.042Z warn  target is away target=stage failures=3 for_s=1.5 live=true"));
}

TEST_F(LogTest, LevelMayChange) {
  Log changing = log(Format::human, Level::info);
  changing.debug("a");
  changing.set_level(Level::debug);
  changing.debug("b");
  changing.set_level(Level::error);
  changing.warn("c");
  changing.noisy(Level::warn, "d");
  EXPECT_THAT(lines_, ElementsAre(EndsWith("debug b")));
}

TEST_F(LogTest, WhatAPeerSendsCannotForgeALine) {
  log(Format::human, Level::info)
      .info("x", {{"a", ""},
                  {"b", "one two"},
                  {"c", "l\nine"},
                  {"d", "q\"x"},
                  {"e", "k=v"},
                  {"f", "\x1b[2J"},
                  {"g", "caf\xc3\xa9"}});
  EXPECT_THAT(lines_,
              ElementsAre(EndsWith(R"(x a="" b="one two" c="l\nine" d="q\"x" e="k=v" f="\u001b[2J" g="café")")));
}

TEST_F(LogTest, JsonLinesAreObjects) {
  log(Format::json, Level::info)
      .error("it \"broke\"", {{"why", "l\nine\xff"},
                              {"n", size_t{7}},
                              {"x", 0.5},
                              {"inf", std::numeric_limits<double>::infinity()},
                              {"ok", false}});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(lines_[0].find('\n'), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(lines_[0]), (nlohmann::json{{"time", "2026-11-22T16:38:17.042Z"},
                                                              {"level", "error"},
                                                              {"message", "it \"broke\""},
                                                              {"why", "l\nine\xef\xbf\xbd"},
                                                              {"n", 7},
                                                              {"x", 0.5},
                                                              {"inf", nullptr},
                                                              {"ok", false}}));
}

TEST_F(LogTest, LessImportantLinesAreLeftOut) {
  Log warnings = log(Format::human, Level::warn);
  warnings.debug("a");
  warnings.info("b");
  warnings.noisy(Level::info, "c");
  EXPECT_THAT(lines_, IsEmpty());
  warnings.warn("d");
  warnings.error("e");
  EXPECT_EQ(lines_.size(), 2u);
  log(Format::human, Level::debug).debug("f");
  EXPECT_EQ(lines_.size(), 3u);
}

TEST_F(LogTest, NoisyMessagesAreCountedPastTheirShare) {
  Log noisy = log(Format::human, Level::info);
  for (int i = 0; i < kNoisyLines; ++i) noisy.noisy(Level::warn, "refused", {{"i", i}});
  EXPECT_EQ(lines_.size(), static_cast<size_t>(kNoisyLines));
  for (int i = 0; i < 3; ++i) noisy.noisy(Level::warn, "refused");
  EXPECT_EQ(lines_.size(), static_cast<size_t>(kNoisyLines));
  noisy.noisy(Level::warn, "another");
  EXPECT_EQ(lines_.size(), kNoisyLines + 1u);

  clock_.advance(kNoisyWindow - Millis{1});
  noisy.noisy(Level::warn, "refused");
  EXPECT_EQ(lines_.size(), kNoisyLines + 1u);
  clock_.advance(Millis{1});
  noisy.noisy(Level::warn, "refused", {{"why", "x"}});
  EXPECT_THAT(lines_.back(), EndsWith("warn  refused why=x left_out=4"));
  noisy.noisy(Level::warn, "refused");
  EXPECT_THAT(lines_.back(), EndsWith("warn  refused"));
}

TEST_F(LogTest, LinesOfManyThreadsStayWhole) {
  Log shared = log(Format::json, Level::info);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 200; ++i) {
          shared.info("line", {{"i", i}});
          shared.noisy(Level::info, "noise");
        }
      });
    }
  }
  EXPECT_EQ(lines_.size(), 4 * 200 + static_cast<size_t>(kNoisyLines));
  for (const std::string& line : lines_) EXPECT_TRUE(nlohmann::json::accept(line)) << line;
}

TEST(Log, GoesToStandardError) {
  testing::internal::CaptureStderr();
  Log(Format::human, Level::info).info("hello", {{"a", 1}});
  EXPECT_THAT(testing::internal::GetCapturedStderr(), EndsWith(" info  hello a=1\n"));
}

}  // namespace
}  // namespace vf::obs
