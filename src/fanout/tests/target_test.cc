// Filters of a target and the digest of its configuration. Oracle: the contract's "targets" section.
#include "fanout/target.h"

#include <gtest/gtest.h>

namespace vf::fanout {
namespace {

Event event(std::string source, std::string type, bool sandbox = false) {
  Event e;
  e.source = std::move(source);
  e.type = std::move(type);
  e.sandbox = sandbox;
  return e;
}

TEST(Pattern, StarMatchesAnyRunOfCharacters) {
  EXPECT_TRUE(matches("kick.*", "kick.chat.message.sent"));
  EXPECT_TRUE(matches("kick.*", "kick."));
  EXPECT_FALSE(matches("kick.*", "kick"));
  EXPECT_FALSE(matches("kick.*", "xkick.a"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("*.sampled", "kick.viewers.sampled"));
  EXPECT_TRUE(matches("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(matches("a*b*c", "a-b-b-c-"));
  EXPECT_TRUE(matches("kick.followed", "kick.followed"));
  EXPECT_FALSE(matches("kick.followed", "kick.followed2"));
  EXPECT_FALSE(matches("", "a"));
}

TEST(Wants, EverythingButSandboxByDefault) {
  EXPECT_TRUE(wants({}, event("kick", "kick.a")));
  EXPECT_FALSE(wants({}, event("sumsub", "sumsub.a", true)));
}

TEST(Wants, SandboxIncludedOrAlone) {
  Target target;
  target.sandbox = Sandbox::include;
  EXPECT_TRUE(wants(target, event("s", "s.a", true)));
  EXPECT_TRUE(wants(target, event("s", "s.a", false)));
  target.sandbox = Sandbox::only;
  EXPECT_TRUE(wants(target, event("s", "s.a", true)));
  EXPECT_FALSE(wants(target, event("s", "s.a", false)));
}

TEST(Wants, SourceAndTypeMustBothFit) {
  Target target;
  target.sources = {"kick", "x"};
  target.types = {"kick.chat.*", "x.followers.sampled"};
  EXPECT_TRUE(wants(target, event("kick", "kick.chat.message.sent")));
  EXPECT_FALSE(wants(target, event("kick", "kick.followed")));
  EXPECT_FALSE(wants(target, event("sumsub", "kick.chat.message.sent")));
}

TEST(ConfigVersion, CoversWhatIsSentWhereAndNoSecret) {
  Target target{.name = "stage", .url = "http://a", .secrets = {"one"}};
  const auto before = config_version(target);
  EXPECT_EQ(before.size(), 16u);
  target.secrets = {"two"};
  EXPECT_EQ(config_version(target), before);
  target.types = {"kick.*"};
  const auto types = config_version(target);
  EXPECT_NE(types, before);
  target.types = {};
  target.sources = {"kick.*"};  // the same text in another list
  EXPECT_NE(config_version(target), types);
}

TEST(Mode, TextsRoundTrip) {
  for (const Mode mode : {Mode::live, Mode::dry_run, Mode::paused, Mode::detached}) {
    EXPECT_EQ(parse_mode(to_string(mode)), mode);
  }
  EXPECT_EQ(parse_mode("off"), std::nullopt);
}

TEST(Target, OurReceiversAreRecognisedByTheirPath) {
  Target target;
  target.url = "http://127.0.0.1:8082/internal/events";
  EXPECT_TRUE(is_our_receiver(target));
  target.url = "https://partner.example/internal/events/2";
  EXPECT_FALSE(is_our_receiver(target));
}

}  // namespace
}  // namespace vf::fanout
