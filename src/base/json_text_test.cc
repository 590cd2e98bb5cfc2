#include "base/json_text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>

#include "base/bytes.h"

namespace vf {
namespace {

using namespace std::string_view_literals;

TEST(JsonString, EscapesWhatMustBeEscaped) {
  EXPECT_EQ(json_string("a\"\\/\n\r\t\x01\x1f\x7f"), R"("a\"\\/\n\r\t\u0001\u001f)"
                                                     "\x7f\"");
  EXPECT_EQ(json_string("\0"sv), R"("\u0000")");
}

TEST(JsonString, KeepsUtf8AndReplacesTheRest) {
  EXPECT_EQ(json_string("привет 😀"), "\"привет 😀\"");
  EXPECT_EQ(json_string("a\xff\xc2"), "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
  EXPECT_EQ(json_string("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

RC_GTEST_PROP(JsonString, IsAlwaysJsonAndGivesTheTextBack, (const std::string& text)) {
  const auto json = nlohmann::json::parse(json_string(text), nullptr, false);
  RC_ASSERT(json.is_string());
  if (is_utf8(text)) RC_ASSERT(json.get<std::string>() == text);
}

}  // namespace
}  // namespace vf
