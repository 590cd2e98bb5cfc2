#include "config/url.h"

#include <gmock/gmock.h>

namespace vf::config {
namespace {

using testing::HasSubstr;
using testing::Optional;

TEST(Url, HostsAreChecked) {
  EXPECT_EQ(check_hosts("h1,h2:5433,[::1]:1"), std::nullopt);
  EXPECT_EQ(check_hosts("h1,"), "has no host");
  EXPECT_EQ(check_hosts("h:65536"), "has a port that is not from 0 to 65535");
  EXPECT_EQ(check_host_and_port("h", true), "has no port");
  EXPECT_EQ(check_host_and_port("[::1", false), "has '[' without ']'");
}

TEST(Url, AddressesToWhichNoRequestCanBeMadeAreRefused) {
  for (const char* fit : {"http://h", "https://u:p%40@h.example:8443/a/b?c=d", "http://[::1]:80/", "http://a_b.c/",
                          "https://xn--bcher-kva.example/", "http://h./"}) {
    EXPECT_EQ(check_http_address(fit), std::nullopt) << fit;
  }
  const std::pair<const char*, const char*> wrong[] = {
      {"ftp://h/", "must start with http:// or https://"},
      {"https://u:p@ss@h/", "'@' that does not stand before the host"},
      {"https://u:pa/ss@h/", "'@' that does not stand before the host"},
      {"https://u:12?x@h/", "'@' that does not stand before the host"},
      {"https://b\xc3\xbc"
       "cher.example/",
       "punycode"},
      {"https://h/a b", "a blank"},
      {"https://h/#x", "'#'"},
      {"https://h\\x", "cannot be read"},
      {"https:///x", "has no host"},
      {"https://h:65536/", "has a port"},
      {"https://h:0/", "port 0"},
      {"https://h1,h2/", "several hosts"},
      {"https://a..b/", "empty part"},
      {"https://%61/", "'%'"},
  };
  for (const auto& [text, what] : wrong) EXPECT_THAT(check_http_address(text), Optional(HasSubstr(what))) << text;
  EXPECT_THAT(check_http_address("https://" + std::string(64, 'a') + "/"), Optional(HasSubstr("63 characters")));
}

TEST(Url, NoComplaintQuotesAPassword) {
  for (const char* text : {"http://u:hunter2@ss@h/", "http://u:hunter2/x@h/", "http://u:hunter2", "http://u:hunter2@/",
                           "http://u:hunter2@h:99999/", "hunter2", "http://u:hunter2@h/ "}) {
    const auto wrong = check_http_address(text);
    ASSERT_TRUE(wrong) << text;
    EXPECT_THAT(*wrong, testing::Not(HasSubstr("hunter2")));
  }
}

TEST(Url, TildeIsNoHomeDirectory) {
  EXPECT_THAT(check_path("~/vf"), Optional(HasSubstr("${HOME}")));
  EXPECT_TRUE(check_path("~"));
  EXPECT_EQ(check_path("./~"), std::nullopt);
  EXPECT_EQ(check_path("/a/~b"), std::nullopt);
}

}  // namespace
}  // namespace vf::config
