#include "config/yaml_value.h"

#include <gmock/gmock.h>

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
  for (const std::string text : {",", ", a: b\ntargets:\n", "a: 1\n---\n, b\n"}) {
    const auto value = parse_yaml(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().what, "no value can begin here") << text;
  }
}

}  // namespace
}  // namespace vf::config
