#include "base/address.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <type_traits>

namespace vf {
namespace {

TEST(Address, IsShownWithoutUserPasswordAndQueryValues) {
  EXPECT_EQ(Address("https://h.example/hook").shown(), "https://h.example/hook");
  EXPECT_EQ(Address("https://u:p@h.example:8443/hook?token=t&plain&x=").shown(),
            "https://***@h.example:8443/hook?token=***&***&x=***");
  EXPECT_EQ(Address("https://token@h/").shown(), "https://***@h/");
  EXPECT_EQ(Address("postgresql://u:p%40%2F@h:5432,[::1]:5433/db?sslmode=require&password=p").shown(),
            "postgresql://***@h:5432,[::1]:5433/db?sslmode=***&password=***");
  EXPECT_EQ(Address("postgresql:///db?host=/run/postgresql").shown(), "postgresql:///db?host=***");
  EXPECT_EQ(Address().shown(), "");
}

TEST(Address, IsNotShownWhereAPartOfAPasswordCouldBeTakenForAnotherPart) {
  for (const char* text :
       {"postgresql://u:pa/ss@h/db", "postgresql://u:pa@ss@h/db", "postgresql://u:p:@@h/db", "https://u:1234/x@h/",
        "https://u:12?x@h/", "https://u:pa#ss@h/", "https://u:pa ss@h/", "https://u:p\xc3\xa4@h/", "https://u:p@[::1/",
        "https://u:pass", "u:p@h/db", "//u:p@h", "http://h:123456/", "host=h password=p", "https://u:p@h\\x/"}) {
    EXPECT_EQ(Address(text).shown(), "***") << text;
  }
}

TEST(Address, CanOnlyBeReadByName) {
  static_assert(!std::is_convertible_v<Address, std::string>);
  static_assert(!fmt::is_formattable<Address>::value);
  EXPECT_EQ(Address("https://u:p@h/").reveal(), "https://u:p@h/");
}

TEST(Address, IsSplitIntoItsParts) {
  const auto parts = split_address("http://u:p@h:80/a/b?c=d");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->scheme, "http");
  EXPECT_EQ(parts->user_info, "u:p");
  EXPECT_EQ(parts->hosts, "h:80");
  EXPECT_EQ(parts->path, "/a/b");
  EXPECT_EQ(parts->query, "c=d");
}

}  // namespace
}  // namespace vf
