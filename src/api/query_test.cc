// Query: limits, times, flags and cursors at their edges.
#include "api/query.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace vf::api {
namespace {

using nlohmann::json;

Call asked(const std::string& query) {
  Call call;
  call.request.target = "/list?" + query;
  return call;
}

TEST(Query, TheLimitIsFromOneToAThousand) {
  EXPECT_EQ(*limit_of(asked("")), 50u);
  EXPECT_EQ(*limit_of(asked("limit=1")), 1u);
  EXPECT_EQ(*limit_of(asked("limit=1000")), 1000u);
  for (const auto* wrong : {"0", "1001", "-1", "x", "", "1x", "99999999999999999999", "1.0", "+1"}) {
    const auto refused = limit_of(asked(std::string("limit=") + wrong));
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().code, Code::invalid);
    EXPECT_EQ(refused.error().message, "limit is a number from 1 to 1000");
  }
}

TEST(Query, ATimeIsRfc3339) {
  EXPECT_EQ(*time_of(asked(""), "from"), std::nullopt);
  EXPECT_EQ(*time_of(asked("from=2026-11-22T16:00:00Z"), "from"), parse_time("2026-11-22T16:00:00Z"));
  const auto refused = time_of(asked("from=yesterday"), "from");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "from is a time such as 2026-11-22T16:00:00Z");
}

TEST(Query, AFlagIsTrueOrFalse) {
  EXPECT_FALSE(*flag_of(asked(""), "repair"));
  EXPECT_FALSE(*flag_of(asked("repair=false"), "repair"));
  EXPECT_TRUE(*flag_of(asked("repair=true"), "repair"));
  for (const auto* wrong : {"", "1", "yes", "True"}) {
    EXPECT_FALSE(flag_of(asked(std::string("repair=") + wrong), "repair")) << wrong;
  }
}

struct Cursor {
  char letter = 0;
  static std::optional<Cursor> parse(std::string_view text) {
    return text.size() == 1 ? std::optional(Cursor{text[0]}) : std::nullopt;
  }
};

TEST(Query, ACursorIsReadByItsType) {
  EXPECT_FALSE(after_of<Cursor>(asked("")).value());
  EXPECT_EQ(after_of<Cursor>(asked("after=%2F")).value()->letter, '/');
  const auto refused = after_of<Cursor>(asked("after=xy"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "after is `next` of the page before");
}

TEST(Query, AnIdThatIsNoUuidIsCutInTheMessage) {
  EXPECT_TRUE(event_id_of("00000000-0000-8000-8000-000000000000"));
  const auto refused = event_id_of(std::string(100, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "an event id is a UUID: " + std::string(64, 'x'));
}

TEST(Query, APageSaysWhatFollows) {
  EXPECT_EQ(page("rows", {1, 2}, "next"), (json{{"rows", {1, 2}}, {"next", "next"}}));
  EXPECT_EQ(page("rows", json::array(), std::nullopt), (json{{"rows", json::array()}, {"next", nullptr}}));
}

}  // namespace
}  // namespace vf::api
