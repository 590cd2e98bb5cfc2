#include "config/yaml_value.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/printable.h"

namespace vf::config {
namespace {

const YamlValue& member(const YamlValue& map, const std::string& name) {
  for (const YamlMember& member : map.members) {
    if (member.name == name) return member.value;
  }
  static const YamlValue none;
  ADD_FAILURE() << "no " << name;
  return none;
}

TEST(YamlValue, ValueMayBeEmptyAfterAQuotedKey) {
  for (const char* text : {R"({"a": ""})", R"({"a":""})", R"({"a": "", "b": 1})", R"("a": "")", R"('a': '')",
                           R"(a: "")", "? \"a\"\n: ''\n"}) {
    const auto tree = parse_yaml(text);
    ASSERT_TRUE(tree) << text << ": " << tree.error().what;
    EXPECT_EQ(member(*tree, "a").kind, YamlValue::Kind::scalar) << text;
    EXPECT_EQ(member(*tree, "a").text, "") << text;
  }
  for (const char* text : {R"({"a": })", R"({"a":,"b":1})", R"({'a':})", "\"a\":\n", "'a':\n", R"({"it''s": })"}) {
    const auto tree = parse_yaml(text);
    ASSERT_TRUE(tree) << text << ": " << tree.error().what;
    EXPECT_EQ(tree->members.front().value.kind, YamlValue::Kind::null) << text;
  }
}

TEST(YamlValue, ScalarsStayTheTextThatWasWritten) {
  const auto tree = parse_yaml("a: off\nb: 007\nc: yes\nd: \"null\"\n");
  ASSERT_TRUE(tree);
  EXPECT_EQ(member(*tree, "a").text, "off");
  EXPECT_EQ(member(*tree, "b").text, "007");
  EXPECT_EQ(member(*tree, "c").text, "yes");
  EXPECT_EQ(member(*tree, "d").kind, YamlValue::Kind::scalar);
}

TEST(YamlValue, EmptyAndNullAreNull) {
  EXPECT_EQ(parse_yaml("")->kind, YamlValue::Kind::null);
  EXPECT_EQ(parse_yaml("# only a comment\n")->kind, YamlValue::Kind::null);
  const auto tree = parse_yaml("a:\nb: ~\n");
  EXPECT_EQ(member(*tree, "a").kind, YamlValue::Kind::null);
  EXPECT_EQ(member(*tree, "b").kind, YamlValue::Kind::null);
}

TEST(YamlValue, LinesCountFromOne) {
  const auto tree = parse_yaml("a: 1\n\nb:\n  c: 2\n");
  EXPECT_EQ(tree->members[0].line, 1);
  EXPECT_EQ(tree->members[1].line, 3);
  EXPECT_EQ(tree->members[1].value.members[0].line, 4);
}

TEST(YamlValue, MergeKeysFillInWhatIsMissing) {
  const auto tree = parse_yaml("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  x: 3\n");
  ASSERT_TRUE(tree) << tree.error().what;
  EXPECT_EQ(member(member(*tree, "use"), "x").text, "3");
  EXPECT_EQ(member(member(*tree, "use"), "y").text, "2");
}

TEST(YamlValue, EarlierMapsOfAMergeListWin) {
  const auto tree = parse_yaml("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nuse: {<<: [*a, *b]}\n");
  ASSERT_TRUE(tree) << tree.error().what;
  EXPECT_EQ(member(member(*tree, "use"), "x").text, "1");
  EXPECT_EQ(member(member(*tree, "use"), "y").text, "2");
}

TEST(YamlValue, ErrorsNameTheLine) {
  const auto twice = parse_yaml("a: 1\nb: 2\na: 3\n");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().line, 3);
  EXPECT_EQ(twice.error().what, "'a' is given twice");
  const auto broken = parse_yaml("a: 1\nb: [1, 2\n");
  ASSERT_FALSE(broken);
  EXPECT_GE(broken.error().line, 2);
  EXPECT_FALSE(parse_yaml("? [a]\n: 1\n"));
  EXPECT_FALSE(parse_yaml("<<: text\n"));
}

TEST(YamlValue, DepthIsBounded) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_yaml(nested(65)));  // the outermost is level 0
  EXPECT_FALSE(parse_yaml(nested(66)));
}

TEST(YamlValue, DeepNestingIsAnErrorNotACrash) {
  EXPECT_FALSE(parse_yaml(std::string(100'000, '[')));
  EXPECT_FALSE(parse_yaml(std::string(100'000, '{')));
  std::string blocks;
  for (size_t i = 0; i < 1'000; ++i) blocks += std::string(i, ' ') + "a:\n";
  EXPECT_FALSE(parse_yaml(blocks));
  EXPECT_FALSE(parse_yaml("&a [*a]"));
}

TEST(YamlValue, AnchorsCannotGrowWithoutBound) {
  std::string text = "a: &a [1,1,1,1,1,1,1,1,1,1]\n";
  for (char c = 'b'; c <= 'h'; ++c) {
    const std::string one = "*" + std::string(1, static_cast<char>(c - 1));
    text += std::string(1, c) + ": &" + c + " [" + one;
    for (int i = 0; i < 9; ++i) text += "," + one;
    text += "]\n";
  }
  const auto tree = parse_yaml(text);
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().what, "more than 100000 values");
}

TEST(YamlValue, SecondDocumentIsReported) {
  const auto tree = parse_yaml("---\na: 1\n---\nb: 2\n");
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().line, 4);
  EXPECT_THAT(tree.error().what, testing::StartsWith("a second document begins here"));
  for (const char* one : {"---\na: 1\n", "a: 1\n---\n", "a: 1\n...\n"}) EXPECT_TRUE(parse_yaml(one)) << one;
}

TEST(YamlValue, TextIsBounded) {
  const std::string most = "# " + std::string((1u << 20) - 2, 'x');
  EXPECT_TRUE(parse_yaml(most));
  EXPECT_FALSE(parse_yaml(most + "x"));
}

TEST(YamlValue, TokenThatCannotBeginADocumentIsRefused) {
  for (const std::string text : {",", ", a: b\ntargets:\n", "a: 1\n---\n, b\n"}) EXPECT_FALSE(parse_yaml(text)) << text;
}

// Lines that are known to be right; for the others it is enough that one is named.
TEST(YamlValue, EveryInvalidDocumentOfTheTestSuiteIsRefused) {
  std::ifstream in(VF_FIXTURES "/yaml-test-suite/invalid.json");
  const auto cases = nlohmann::json::parse(in);
  ASSERT_EQ(cases.size(), 94U);
  for (const auto& one : cases) {
    const auto text = one["yaml"].get<std::string>();
    const auto lines = std::ranges::count(text, '\n') + 1;
    const auto value = parse_yaml(text);
    ASSERT_FALSE(value) << one["id"] << one["name"];
    EXPECT_GE(value.error().line, 1) << one["id"];
    EXPECT_LE(value.error().line, lines) << one["id"] << value.error().what;
    EXPECT_EQ(one_line(value.error().what), value.error().what);
  }
}

YamlError refused(const std::string& text, YamlRoot root = YamlRoot::any) {
  const auto value = parse_yaml(text, root);
  if (!value) return value.error();
  ADD_FAILURE() << "not refused: " << text;
  return {};
}

TEST(YamlValue, QuoteThatIsNotClosedIsRefusedWhereItBegins) {
  const auto error = refused("admin:\n  token: \"0123\n  listen: 127.0.0.1:9\ningest:\n  listen: 127.0.0.1:7\n");
  EXPECT_EQ(error.line, 2);
  EXPECT_THAT(error.what, testing::HasSubstr("quote"));
  EXPECT_EQ(refused("a: 1\nb: 'x\n").line, 2);
}

TEST(YamlValue, WordWithoutColonIsNoKey) {
  EXPECT_EQ(refused("a: 1\nbare\nb: 2\n").line, 2);
  EXPECT_EQ(refused("a: 1\nb: {\n  c,\n  d: 1}\n").line, 3);
  EXPECT_EQ(refused("{a, b: 1}").what, "'a' has no ':' after it, where a key is expected");
  EXPECT_EQ(refused("{\"a\" # c\n, b: 1}").what, "'a' has no ':' after it, where a key is expected");
  EXPECT_EQ(refused("{'a', b: 1}").what, "'a' has no ':' after it, where a key is expected");
  EXPECT_EQ(refused("? a\n").what, "'a' has no ':' after it, where a key is expected");
  EXPECT_EQ(refused("# c\n\nbare\n", YamlRoot::keys).line, 3);
  EXPECT_TRUE(parse_yaml("bare"));  // as a value it stands for itself
  for (const char* fit :
       {"{a: , b: 1}", "{\"a\":1}", "{a : }", "? a\n: 1\n", "? a # c\n:\n", "a:\nb:\n", "{a: &x , b: *x}"})
    EXPECT_TRUE(parse_yaml(fit)) << fit;
}

TEST(YamlValue, BytesThatAreNoTextAreRefusedWithTheirLine) {
  EXPECT_EQ(refused(std::string("a: 1\nb: x\0y\n", 11)).line, 2);
  EXPECT_EQ(refused("a: 1\r\nb: \"\x1b[2J\"\r\n").line, 2);
  EXPECT_EQ(refused("a: 1\n\nb: \xff\n").line, 3);
  EXPECT_EQ(refused("a: 1\nb: \xc2\x9b\n").line, 2);  // C1
  EXPECT_EQ(refused("# \xed\xa0\x80\n").line, 1);     // a surrogate
  EXPECT_EQ(refused("\xff\xfe"
                    "a")
                .line,
            1);  // UTF-16
  EXPECT_TRUE(
      parse_yaml("\xef\xbb\xbf"
                 "a: \xf0\x9f\x98\x80\n"));
}

TEST(YamlValue, TabThatIndentsIsNamed) {
  for (const char* text : {"a:\n\tb: 2\n", "a: 1\n\tb: 2\n", "a:\n  \tb: 1\n  c: 2\n"}) {
    const auto error = refused(text);
    EXPECT_EQ(error.line, 2) << text;
    EXPECT_EQ(error.what, "a tab indents this line; only blanks may") << text;
  }
  EXPECT_TRUE(parse_yaml("a:\t1\n"));
}

TEST(YamlValue, ErrorsArePrintable) {
  EXPECT_EQ(refused("\"a\\e[2J\": 1\n\"a\\e[2J\": 2\n").what, "'a\\u001b[2J' is given twice");
  EXPECT_EQ(refused("a: *\xe2\x80\xae\n").what, "no value above has the anchor '\\u202e'");
}

// In time that is not linear, this takes minutes.
TEST(YamlValue, NinetyThousandKeysAreRead) {
  std::string text;
  for (int i = 0; i < 90'000; ++i) text += "k" + std::to_string(i) + ": 1\n";
  const auto tree = parse_yaml(text);
  ASSERT_TRUE(tree) << tree.error().what;
  EXPECT_EQ(tree->members.size(), 90'000U);
  EXPECT_EQ(tree->members.back().line, 90'000);
}

}  // namespace
}  // namespace vf::config
