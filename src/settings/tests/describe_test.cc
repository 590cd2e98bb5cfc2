#include "settings/describe.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "config/yaml_value.h"
#include "settings/table.h"
#include "settings/tests/scratch_test.h"
#include "settings/words.h"

namespace vf::settings {
namespace {

using testing::HasSubstr;
using testing::Not;

using Describe = Scratch;

constexpr const char* kSecretive = R"(
ingest: {store: "postgresql://vf:hunter2@db/dm", listen: "${HOST}:80"}
admin: {token: hunter3, read_token: "${READ_TOKEN}"}
sources:
  sumsub: {webhook_secrets: [hunter4, file:sumsub.secret, "x${MORE}"]}
targets:
  stage: {url: "https://u:hunter5@host/x"}
)";

TEST_F(Describe, PrintShowsEffectiveValuesWithTheirOrigin) {
  LoadParams p = params(Role::up, kSecretive);
  variables_["HOST"] = "127.0.0.1";
  p.sets = {"log.level=debug"};
  const std::string text = print_yaml(p);
  EXPECT_THAT(text, testing::ContainsRegex("\n  level: debug +# --set\n"));
  EXPECT_THAT(text, testing::ContainsRegex("\n  listen: \"127.0.0.1:80\" +# .*vf.yaml:2\n"));
  EXPECT_THAT(text, testing::ContainsRegex("\n  max_body: 1MiB +# default\n"));
  EXPECT_THAT(text, testing::ContainsRegex("\n    secret: \\[\"file:stage.secret\"\\] +# default\n"));
  EXPECT_TRUE(config::parse_yaml(text)) << text;
}

TEST_F(Describe, PrintHidesEverySecret) {
  variables_ = {{"READ_TOKEN", "hunter6"}, {"MORE", "hunter7"}};
  for (const std::string& text : {print_yaml(params(Role::up, kSecretive)), print_json(params(Role::up, kSecretive))}) {
    EXPECT_THAT(text, Not(HasSubstr("hunter")));
    EXPECT_THAT(text, HasSubstr("***"));
    EXPECT_THAT(text, HasSubstr("file:sumsub.secret"));
    EXPECT_THAT(text, HasSubstr("${READ_TOKEN}"));
    EXPECT_THAT(text, HasSubstr("postgresql://***@db/dm"));
    EXPECT_THAT(text, HasSubstr("https://***@host/x"));
  }
}

std::string content(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_F(Describe, PrintIsAsInTheGoldenFile) {
  variables_ = {
      {"DB_PASSWORD", "hunter2"}, {"GATEWAY_URL", "https://user:hunter2@gateway.example/"}, {"MORE", "hunter2"}};
  const LoadParams p = params(Role::up, content(VF_FIXTURES "/config/print.yaml"));
  std::string text = print_yaml(p);
  const std::string prefix = dir_.string() + "/";
  for (size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) text.erase(at, prefix.size());
  EXPECT_EQ(text, content(VF_FIXTURES "/config/print.golden"));
  EXPECT_THAT(text + print_json(p), Not(HasSubstr("hunter2")));
}

TEST_F(Describe, PrintedConfigurationLoadsToTheSameValues) {
  write("vf-data/a.secret", kWebhookSecret);
  const LoadParams p = params(Role::up, "environments: {a: {listen: 'h:1'}}\nsources: {kick: {max_age: none}}\n");
  const std::string text = print_yaml(p);
  LoadParams again = bare(Role::up);
  again.file = write("again.yaml", text.substr(0, text.find("\n  token:")) + text.substr(text.find("\nsources:")));
  EXPECT_EQ(print_json(again), print_json(p));
  EXPECT_EQ(settings(again).environments.at("a").listener.listen, "h:1");
}

TEST_F(Describe, PrintShowsWrongValuesAsTheyWereWritten) {
  EXPECT_THAT(print_yaml(params(Role::up, "banana: 1\nlog: {level: loud}\n")), HasSubstr("level: loud"));
}

TEST_F(Describe, PrintAsJsonHasTheSameShape) {
  const auto json = nlohmann::json::parse(print_json(params(Role::up, kSecretive)));
  EXPECT_EQ(json["admin"]["token"], "***");
  EXPECT_EQ(json["sources"]["sumsub"]["webhook_secrets"], (nlohmann::json{"***", "file:sumsub.secret", "***"}));
  EXPECT_EQ(json["ingest"]["retention"]["raw_events"]["default"], "400d");
}

TEST(Keys, DefaultsAndExamplesAreValid) {
  for (const config::Key& key : table().keys()) {
    EXPECT_FALSE(key.doc.empty()) << key.path;
    EXPECT_TRUE(table().find(key.path.find('*') == std::string::npos
                                 ? key.path
                                 : std::string(key.path).replace(key.path.find('*'), 1, "name")))
        << key.path;
    if (key.required) EXPECT_FALSE(key.example.empty()) << key.path;
    for (const std::string& yaml : {key.fallback, key.example}) {
      if (yaml.empty() || key.type.from_file) continue;
      const auto value = config::parse_yaml(yaml);
      ASSERT_TRUE(value) << key.path;
      std::vector<std::string> items;
      for (const config::YamlValue& item : value->items) items.push_back(item.text);
      if (items.empty()) items.push_back(value->text);
      EXPECT_EQ(key.check_items(items, key), std::nullopt) << key.path << " " << yaml;
    }
  }
}

TEST(Keys, WordsOfAModeAreThoseOfTheFanOut) {
  for (const auto& word : config::kWords<fanout::Mode>) EXPECT_EQ(word.text, to_string(word.value));
}

TEST(Keys, AreDescribedAsTextAndAsJson) {
  const std::string text = keys_text();
  const auto json = nlohmann::json::parse(keys_json());
  ASSERT_EQ(json.size(), table().keys().size());
  for (const auto& row : json) EXPECT_THAT(text, HasSubstr(row["key"].get<std::string>() + "\n"));
  const auto token = std::ranges::find_if(json, [](const auto& row) { return row["key"] == "admin.token"; });
  EXPECT_EQ((*token)["secret"], true);
  EXPECT_EQ((*token)["default"], "file:admin-token");
  EXPECT_EQ((*token)["roles"], (nlohmann::json{"up", "ingest", "api", "worker", "client"}));
}

TEST(Keys, DocumentationIsFresh) {
  const std::string text = content(VF_ROOT "/docs/configuration.md");
  EXPECT_TRUE(text == keys_markdown()) << "stale: run  vf config keys --markdown > docs/configuration.md";
}

}  // namespace
}  // namespace vf::settings
