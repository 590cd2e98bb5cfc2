#include "event/attributes.h"

#include <gtest/gtest.h>

namespace vf {
namespace {

using namespace std::string_view_literals;

TEST(AttributeText, IsTheTypeStringOfCloudEvents) {
  for (const auto text :
       {"a"sv, " "sv, "repo:push"sv, "v2.core.account[requirements].updated"sv, "заказ создан"sv, "😀"sv, "\u00a0"sv,
        "\ue000"sv, "\ufdcf"sv, "\ufdf0"sv, "\ufffd"sv, "\U0001fffd"sv, "\U00020000"sv}) {
    EXPECT_TRUE(is_attribute(text)) << text;
    EXPECT_TRUE(is_attribute(std::string("a").append(text).append("b"))) << text;
  }
  for (const auto text :
       {"\0"sv, "\x01"sv, "\n"sv, "\x1f"sv, "\x7f"sv, "\u0080"sv, "\u0085"sv, "\u009f"sv, "\ufdd0"sv, "\ufdef"sv,
        "\ufffe"sv, "\uffff"sv, "\U0001fffe"sv, "\U0010ffff"sv, "\xff"sv, "\xed\xa0\x80"sv, "\xe2\x82"sv}) {
    EXPECT_FALSE(is_attribute(text)) << testing::PrintToString(text);
    EXPECT_FALSE(is_attribute(std::string("a").append(text).append("b"))) << testing::PrintToString(text);
  }
  EXPECT_FALSE(is_attribute(""));
}

TEST(AttributeText, HasAtMost255Bytes) {
  EXPECT_TRUE(is_attribute(std::string(255, 'a')));
  EXPECT_FALSE(is_attribute(std::string(256, 'a')));
  EXPECT_EQ(attribute(std::string(255, 'a')), std::string(255, 'a'));
  EXPECT_EQ(attribute(std::string(256, 'a')), std::nullopt);
  EXPECT_EQ(attribute(std::nullopt), std::nullopt);
}

TEST(FactKey, AMissingPartMakesNoKey) {
  EXPECT_EQ(join_key({"a", "1", "b"}), "a/1/b");
  EXPECT_FALSE(join_key({"a", std::nullopt}));
}

TEST(EventType, IsTheProvidersTextAsItStands) {
  for (const std::string type :
       {"repo:push", "orders/create", "a b", "заказ", "v2.core.account[requirements].updated"}) {
    EXPECT_EQ(event_type("shop", type), "shop." + type);
    EXPECT_FALSE(is_unrecognised("shop", event_type("shop", type)));
  }
  EXPECT_EQ(event_type("shop", std::string(255, 't')), "shop." + std::string(255, 't'));
  for (const std::string& type : {std::string(), std::string("a\nb"), std::string(256, 't'), std::string("\xff")}) {
    EXPECT_EQ(event_type("shop", type), "shop.unrecognised");
    EXPECT_TRUE(is_unrecognised("shop", event_type("shop", type)));
  }
  EXPECT_FALSE(is_unrecognised("shop", "shop.other.unrecognised"));
  EXPECT_FALSE(is_unrecognised("shop", "shopunrecognised"));
}

}  // namespace
}  // namespace vf
