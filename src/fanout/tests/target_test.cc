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

TEST(ConfigVersion, CoversWhatIsSentWhereAndNothingElse) {
  const Target target{.name = "stage", .url = "http://a", .secrets = {"one"}};
  const auto version = config_version(target);
  EXPECT_EQ(version.size(), 16u);
  const auto changes = [&](auto change) {
    Target changed = target;
    change(changed);
    return config_version(changed) != version;
  };
  EXPECT_TRUE(changes([](Target& t) { t.name = "production"; }));
  EXPECT_TRUE(changes([](Target& t) { t.url = "http://b"; }));
  EXPECT_TRUE(changes([](Target& t) { t.sources = {"kick"}; }));
  EXPECT_TRUE(changes([](Target& t) { t.types = {"kick.*"}; }));
  EXPECT_TRUE(changes([](Target& t) { t.sandbox = Sandbox::include; }));
  EXPECT_TRUE(changes([](Target& t) { t.delivery = Delivery::single; }));
  EXPECT_FALSE(changes([](Target& t) { t.secrets = {"two"}; }));
  EXPECT_FALSE(changes([](Target& t) { t.mode = Mode::paused; }));
  EXPECT_FALSE(changes([](Target& t) { t.start = Start::earliest; }));
  EXPECT_FALSE(changes([](Target& t) { t.max_backlog = Millis{1}; }));
  EXPECT_FALSE(changes([](Target& t) { t.allow_private = true; }));
  EXPECT_FALSE(changes([](Target& t) { t.timeout = t.connect_timeout = Millis{1}; }));
  Target types = target;
  types.types = {"kick"};
  Target sources = target;
  sources.sources = {"kick"};
  EXPECT_NE(config_version(types), config_version(sources)) << "the same text in another list";
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
