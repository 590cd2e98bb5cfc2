#include "sources/json_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace vf::sources {
namespace {

using Kind = JsonFields::Kind;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(JsonFieldsTest, FindsByPointer) {
  const JsonFields fields(R"({"a":{"b":7,"s":"x","t":true,"n":null,"f":1.5,"l":[1],"at":"2026-11-22T16:38:17Z"}})");
  EXPECT_EQ(fields.integer("/a/b"), 7);
  EXPECT_EQ(fields.text("/a/s"), "x");
  EXPECT_EQ(fields.boolean("/a/t"), true);
  EXPECT_EQ(fields.time("/a/at"), from_unix_millis(1795365497000));
  EXPECT_EQ(fields.kind("/a/n"), Kind::null);
  EXPECT_EQ(fields.kind("/a/f"), Kind::number);
  EXPECT_EQ(fields.kind("/a/b"), Kind::number);
  EXPECT_EQ(fields.kind("/a/t"), Kind::boolean);
  EXPECT_EQ(fields.kind("/a/s"), Kind::string);
  EXPECT_EQ(fields.kind("/a/l"), Kind::array);
  EXPECT_EQ(fields.kind("/a"), Kind::object);
  EXPECT_EQ(fields.kind(""), Kind::object);
  for (const auto pointer : {"/b", "/a/b/c", "/a/l/1", "/a/s/0", "nonsense"})
    EXPECT_EQ(fields.kind(pointer), Kind::missing) << pointer;
}

TEST(JsonFieldsTest, OneKindIsNotTakenForAnother) {
  const JsonFields fields(R"({"s":"1","i":1,"f":1.0,"big":18446744073709551615,"n":null,"when":"noon"})");
  EXPECT_FALSE(fields.integer("/s"));
  EXPECT_FALSE(fields.integer("/f"));
  EXPECT_FALSE(fields.integer("/big"));
  EXPECT_FALSE(fields.integer("/n"));
  EXPECT_FALSE(fields.text("/i"));
  EXPECT_FALSE(fields.boolean("/i"));
  EXPECT_FALSE(fields.time("/when"));
  EXPECT_FALSE(fields.time("/i"));
}

TEST(JsonFieldsTest, ABodyThatIsNotJsonHasNoFields) {
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("\xff"), std::string(100'000, '['), std::string("{}\0", 3)}) {
    const JsonFields fields(body);
    EXPECT_EQ(fields.kind(""), Kind::missing);
    EXPECT_THAT(fields.integers("", "/a"), IsEmpty());
  }
  EXPECT_EQ(JsonFields("7").integer(""), 7);
  EXPECT_EQ(JsonFields("7").kind("/a"), Kind::missing);
}

TEST(JsonFieldsTest, NamesAreShortAndWithoutControlCharacters) {
  const auto is_name = [](const std::string& text) { return JsonFields("\"" + text + "\"").name("").has_value(); };
  EXPECT_TRUE(is_name("a b/é"));
  EXPECT_FALSE(is_name(""));
  EXPECT_FALSE(is_name("a\\u0000"));
  EXPECT_FALSE(is_name("a\\n"));
  EXPECT_FALSE(is_name("\x7f"));
  EXPECT_TRUE(is_name(std::string(256, 'a')));
  EXPECT_FALSE(is_name(std::string(257, 'a')));
}

TEST(JsonFieldsTest, IntegersOfAnArray) {
  const JsonFields fields(R"({"l":[{"id":3},{"id":null},{},7,{"id":1}]})");
  EXPECT_THAT(fields.integers("/l", "/id"), ElementsAre(3, 1));
  EXPECT_THAT(fields.integers("/none", "/id"), IsEmpty());
}

// A thread reuses its parser: two JsonFields at once, and one after a large one, must not see each other's fields.
TEST(JsonFieldsTest, ManyAtOnceKeepApart) {
  const JsonFields outer(R"({"a":1})");
  {
    const JsonFields inner(R"({"a":2,"s":")" + std::string(100'000, 'x') + "\"}");
    EXPECT_EQ(inner.integer("/a"), 2);
    EXPECT_EQ(outer.integer("/a"), 1);
  }
  EXPECT_EQ(JsonFields("[").kind(""), Kind::missing);
  EXPECT_EQ(JsonFields(R"({"a":3})").integer("/a"), 3);
  EXPECT_EQ(outer.integer("/a"), 1);
  std::jthread([] { EXPECT_EQ(JsonFields(R"({"a":4})").integer("/a"), 4); });
}

TEST(Keys, AMissingPartMakesNoKey) {
  EXPECT_EQ(join_key({"a", "1", "b"}), "a/1/b");
  EXPECT_FALSE(join_key({"a", std::nullopt}));
  EXPECT_EQ(body_key(""), "body/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace vf::sources
