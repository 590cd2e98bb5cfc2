// The filters of a target against the types that the hub has received.
#include "cli/type_filters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vf::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

fanout::Target target(std::vector<std::string> types, std::vector<std::string> sources = {}) {
  return {.name = "stage", .sources = std::move(sources), .types = std::move(types)};
}

store::TypesSeen seen() {
  return {.types = {{.source = "shop", .type = "shop.orders/create"},
                    {.source = "kick", .type = "kick.chat.message.sent"},
                    {.source = "kick", .type = "kick.channel.followed"}},
          .rows = 3,
          .oldest = from_unix_millis(1'790'000'000'000)};
}

TEST(TypeFilters, OfWhichEachMatchesATypeAreFine) {
  EXPECT_THAT(unmatched_patterns(target({}), seen()), IsEmpty());
  EXPECT_THAT(unmatched_patterns(target({"kick.*", "*orders/*", "kick.channel.followed"}), seen()), IsEmpty());
}

TEST(TypeFilters, ThatMatchNothingSuggestTheNearestType) {
  EXPECT_THAT(unmatched_patterns(target({"kick.*", "shop.orders.create"}), seen()),
              ElementsAre("shop.orders.create matches no type of the last seven days, so nothing of it is delivered; "
                          "is shop.orders/create meant? (targets.stage.types)"));
}

TEST(TypeFilters, ThatMatchNothingNameTheTypesThatCame) {
  EXPECT_THAT(unmatched_patterns(target({"sumsub.*"}), seen()),
              ElementsAre(HasSubstr("types that came: kick.channel.followed, kick.chat.message.sent, "
                                    "shop.orders/create (")));
  store::TypesSeen many;
  for (char c = 'a'; c <= 'f'; ++c) many.types.push_back({.source = "kick", .type = std::string("kick.type_") + c});
  EXPECT_THAT(unmatched_patterns(target({"shop.*"}), many), ElementsAre(HasSubstr("kick.type_e, … (")));
}

TEST(TypeFilters, AreComparedWithTheTypesOfTheTargetsSources) {
  EXPECT_THAT(unmatched_patterns(target({"kick.*"}, {"shop"}), seen()),
              ElementsAre(HasSubstr("types that came: shop.orders/create (")));
  EXPECT_THAT(unmatched_patterns(target({"*"}, {"sumsub"}), seen()),
              ElementsAre(HasSubstr("no event of the target's sources came")));
}

TEST(TypeFilters, WithoutAnyEventSayNothing) {
  EXPECT_THAT(unmatched_patterns(target({"kick.*"}), store::TypesSeen{}), IsEmpty());
}

TEST(TypeFilters, NameTheBoundWhereTheSearchEndedThere) {
  auto some = seen();
  some.complete = false;
  EXPECT_THAT(unmatched_patterns(target({"sumsub.*"}), some),
              ElementsAre(HasSubstr("no type of the newest 3 events (back to 2026-09-21T14:13:20.000Z; older ones were "
                                    "not searched)")));
}

}  // namespace
}  // namespace vf::cli
