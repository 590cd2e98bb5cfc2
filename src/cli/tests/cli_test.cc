#include "cli/cli.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace vf::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Outcome {
  int code = 0;
  std::string out, err;
};

Outcome vf(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  const int code = run(arguments, {out, err});
  return {code, out.str(), err.str()};
}

MATCHER_P2(IsUsageError, what, where, "is the usage error \"" + std::string(what) + "\"") {
  return arg.code == 2 && arg.out.empty() && arg.err == "vf: " + std::string(what) + "; see " + where + " --help\n";
}

TEST(Cli, UsageErrorsAreOneLineAndExitTwo) {
  EXPECT_THAT(vf({}), IsUsageError("a command is missing", "vf"));
  EXPECT_THAT(vf({"config"}), IsUsageError("a command is missing", "vf config"));
  EXPECT_THAT(vf({"confg"}), IsUsageError("unknown command confg; did you mean config?", "vf"));
  EXPECT_THAT(vf({"config", "prnt"}), IsUsageError("unknown command prnt; did you mean print?", "vf config"));
  EXPECT_THAT(vf({"config", "banana"}), IsUsageError("unknown command banana", "vf config"));
  EXPECT_THAT(vf({"config", "print", "extra"}), IsUsageError("unexpected argument extra", "vf config print"));
  EXPECT_THAT(vf({"config", "print", "--jsn"}),
              IsUsageError("unknown option --jsn; did you mean --json?", "vf config print"));
  EXPECT_EQ(vf({"config", "print", "--config"}).code, 2);
}

TEST(Cli, AnEmptyValueIsRefused) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"jobs", "list", "--env", ""},
                                             {"runs", "list", "--env", ""},
                                             {"runs", "list", "--job", ""},
                                             {"dead", "retry", "--all", "--target", ""},
                                             {"targets", "pause", ""},
                                             {"migrate", "env", "--env", ""},
                                             {"config", "print", "--set", ""}}) {
    const Outcome outcome = vf(words);
    EXPECT_EQ(outcome.code, 2) << words.back();
    EXPECT_THAT(outcome.err, AllOf(StartsWith("vf: "), HasSubstr("the value is empty; see vf ")));
  }
}

// Before, --dry-run deleted the letter.
TEST(Cli, OptionsForManyAreRefusedBesideOne) {
  const std::vector<std::vector<std::string>> ones{{"dead", "drop", "stage", "0197-id"},
                                                   {"dead", "retry", "stage", "0197-id"},
                                                   {"quarantine", "drop", "0197-id", "--env", "stage"},
                                                   {"quarantine", "retry", "0197-id", "--env", "stage"}};
  const std::vector<std::vector<std::string>> options{
      {"--dry-run"}, {"--all"}, {"--reason", "x"}, {"--type", "x"}, {"--before", "2026-01-01T00:00:00Z"}};
  for (const auto& one : ones) {
    for (const auto& option : options) {
      auto words = one;
      words.insert(words.end(), option.begin(), option.end());
      EXPECT_THAT(vf(words).err, HasSubstr("not both")) << one.front() << " " << option.front();
      EXPECT_EQ(vf(words).code, 2);
    }
  }
  EXPECT_THAT(vf({"dead", "drop", "stage", "0197-id", "--target", "stage"}).err, HasSubstr("not both"));
}

/// A stream to a disk that is full.
struct Full : std::streambuf {
  int_type overflow(int_type) override {
    errno = ENOSPC;
    return traits_type::eof();
  }
};

TEST(Cli, OutputThatIsLostIsAnError) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"--help"}, {"--version"}, {"config", "print"}, {"config", "keys", "--json"}, {"completion", "bash"}}) {
    Full full;
    std::ostream out(&full);
    std::ostringstream err;
    EXPECT_EQ(run(words, {out, err}), 1) << words.front();
    EXPECT_THAT(err.str(), AllOf(StartsWith("vf: the output could not be written (No space left on device): "),
                                 HasSubstr("make room")));
  }
}

TEST(Cli, EveryCommandHasHelpAndItExitsZero) {
  EXPECT_THAT(vf({"--help"}).out,
              AllOf(HasSubstr("completion"), HasSubstr("--config FILE"), HasSubstr("--set KEY=VALUE")));
  EXPECT_THAT(vf({"config", "--help"}).out, AllOf(HasSubstr("vf config"), HasSubstr("print"), HasSubstr("keys")));
  EXPECT_THAT(vf({"config", "keys", "--help"}).out, AllOf(HasSubstr("--markdown"), HasSubstr("Usage: vf config keys")));
  EXPECT_EQ(vf({"config", "keys", "-h"}).code, 0);
}

TEST(Cli, VersionIsThatOfTheProject) {
  EXPECT_EQ(vf({"--version"}).out, std::string("vf ") + kVersion + "\n");
  std::ifstream in(VF_ROOT "/CMakeLists.txt");
  const std::string cmake{std::istreambuf_iterator<char>(in), {}};
  EXPECT_THAT(cmake, HasSubstr(std::string("project(vf VERSION ") + kVersion + " "));
}

TEST(Cli, GlobalFlagsMayStandAnywhere) {
  const Outcome before = vf({"--set", "log.level=debug", "--json", "config", "print"});
  const Outcome after = vf({"config", "print", "--json", "--set", "log.level=debug"});
  EXPECT_EQ(before.code, 0) << before.err;
  EXPECT_EQ(before.out, after.out);
  EXPECT_EQ(nlohmann::json::parse(after.out)["log"]["level"], "debug");
}

TEST(Cli, SetIsRepeatableAndTakesOneValue) {
  const Outcome outcome = vf({"--set", "log.level=debug", "--set=log.format=json", "config", "print", "--json"});
  EXPECT_EQ(nlohmann::json::parse(outcome.out)["log"], (nlohmann::json{{"level", "debug"}, {"format", "json"}}));
}

class CliConfig : public testing::Test {
 protected:
  CliConfig() {
    std::string path = testing::TempDir() + "vf-cli-XXXXXX";
    dir_ = mkdtemp(path.data());
  }
  ~CliConfig() override { std::filesystem::remove_all(dir_); }
  std::string write(const std::string& text) {
    std::ofstream(dir_ / "vf.yaml") << text;
    return dir_ / "vf.yaml";
  }
  std::filesystem::path dir_;
};

TEST_F(CliConfig, PrintReadsTheFileAndHidesSecrets) {
  const Outcome outcome = vf({"config", "print", "--config", write("admin: {token: hunter2}\n")});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("token: \"***\""), HasSubstr("vf.yaml:1"), Not(HasSubstr("hunter2"))));
}

TEST_F(CliConfig, TheFileMayComeFromTheEnvironment) {
  setenv("VF_CONFIG", write("log: {level: warn}\n").c_str(), 1);
  const Outcome from_environment = vf({"config", "print", "--json"});
  setenv("VF_CONFIG", "/absent.yaml", 1);
  const Outcome flag_wins = vf({"config", "print", "--json", "--config", dir_ / "vf.yaml"});
  unsetenv("VF_CONFIG");
  EXPECT_EQ(nlohmann::json::parse(from_environment.out)["log"]["level"], "warn");
  EXPECT_EQ(flag_wins.code, 0) << flag_wins.err;
}

TEST_F(CliConfig, PrintReportsUnknownKeysAndExitsTwo) {
  const std::string file = write("banana: 1\nlog: {levl: info}\n");
  const Outcome outcome = vf({"config", "print", "--config", file});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err, "vf: " + file + ":1: banana: unknown key; 'vf config keys' lists all\n" + "vf: " + file +
                             ":2: log.levl: unknown key; did you mean log.level?\n");
}

TEST_F(CliConfig, PrintReportsWrongValuesAndExitsTwo) {
  const std::string file = write("log: {level: loud}\nadmin: {token: \"${ABSENT}\"}\ntargets: {a: {secret: x}}\n");
  const Outcome outcome = vf({"config", "print", "--config", file});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.out, HasSubstr("level: loud"));
  EXPECT_THAT(outcome.err, AllOf(HasSubstr(":1: log.level: "), HasSubstr(":3: targets.a.secret: "),
                                 HasSubstr(":3: targets.a.url: is required")));
}

TEST_F(CliConfig, PrintNeedsNoSecrets) {
  const std::string file =
      write("admin: {token: \"${ABSENT}\"}\ntargets: {a: {url: \"http://h\", secret: \"file:/absent\"}}\n");
  const Outcome outcome = vf({"config", "print", "--config", file});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(vf({"config", "print", "--config", write("admin: {token: \"${ABSENT\"}\n")}).code, 2);
}

TEST_F(CliConfig, DoctorReportsABrokenConfigurationAsJsonToo) {
  const std::string file = write("log: {level: loud}\nadmin: {token: \"${ABSENT}\"}\n");
  const Outcome outcome = vf({"doctor", "--json", "--config", file});
  EXPECT_EQ(outcome.code, 2);
  const auto answer = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(answer["ok"], false);
  ASSERT_EQ(answer["checks"].size(), 2u);
  EXPECT_EQ(answer["checks"][0]["check"], "configuration");
  EXPECT_EQ(answer["checks"][0]["grade"], "PROBLEM");
  EXPECT_THAT(answer["checks"][0]["detail"].get<std::string>() + answer["checks"][1]["detail"].get<std::string>(),
              AllOf(HasSubstr("ABSENT is not set"), HasSubstr(":1: log.level: ")));
  EXPECT_THAT(outcome.err, HasSubstr("log.level"));
}

TEST_F(CliConfig, ProblemsOfSchemesAreReportedWithAllOthers) {
  const std::string file = write(
      "log: {level: loud}\nsources:\n  d: {scheme: discord, secrets: [zz]}\n"
      "  k: {scheme: hmac,\n    secrets: [x]}\n  g: {scheme: github, max_age: 5m, secrets: [x]}\n"
      "  off: {scheme: discord, secrets: [zz], mode: off}\n");
  const Outcome outcome = vf({"ingest", "--config", file});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr(file + ":1: log.level: "));
  EXPECT_THAT(outcome.err, HasSubstr(file + ":3: sources.d.secrets[0]: "));
  EXPECT_THAT(outcome.err, HasSubstr(file + ":4: sources.k.header: "));
  EXPECT_THAT(outcome.err, HasSubstr(file + ":6: sources.g.max_age: "));
  EXPECT_THAT(outcome.err, Not(HasSubstr("sources.off")));
}

TEST_F(CliConfig, DoctorHidesTheTargetsPassword) {
  const std::string file = write(
      "data_dir: " + dir_.string() +
      "\ningest: {lake: none}\nadmin: {token: t, listen: \"127.0.0.1:1\"}\n"
      "targets: {a: {url: \"http://u:hunter2@127.0.0.1:1/x\", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}}\n");
  const Outcome outcome = vf({"doctor", "--config", file});
  EXPECT_THAT(outcome.out + outcome.err, AllOf(HasSubstr("http://***@127.0.0.1:1/x"), Not(HasSubstr("hunter2"))));
}

TEST_F(CliConfig, ATokenOfTwoLinesIsRefused) {
  const std::string file = write("admin: {token: one, read_token: \"one\\ntwo\"}\n");
  const Outcome outcome = vf({"ingest", "--config", file});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, StartsWith("vf: " + file + ":1: admin.read_token: contains a line break"));
}

TEST_F(CliConfig, EveryItemOfAListIsChecked) {
  const std::string file =
      write("sources: {o: {scheme: standard-webhooks, secrets: [\"file:/absent\", \"${ABSENT_TOO}\"]}}\n");
  EXPECT_THAT(vf({"ingest", "--config", file}).err, AllOf(HasSubstr("/absent"), HasSubstr("ABSENT_TOO")));
}

TEST_F(CliConfig, KeysComeAsTextJsonAndMarkdown) {
  EXPECT_THAT(vf({"config", "keys"}).out, HasSubstr("\ningest.listen\n"));
  const auto list = nlohmann::json::parse(vf({"config", "keys", "--json"}).out);
  EXPECT_TRUE(list["keys"].is_array() && list.contains("next")) << "lists have one form";
  EXPECT_THAT(vf({"config", "keys", "--markdown"}).out, StartsWith("# Configuration\n"));
}

}  // namespace
}  // namespace vf::cli
