// Which settings are in force after a configuration was read again, in a directory of the test's own.
#include "settings/running.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "settings/table.h"
#include "settings/tests/scratch_test.h"

namespace vf::settings {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const Instant kStart = from_unix_millis(1'790'000'000'000), kLater = kStart + Millis{60'000};
const std::string kOther = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

struct ReloadTest : Scratch {
  std::unique_ptr<Running> start(Role role, const std::string& yaml) {
    write("vf-data/stage.secret", kWebhookSecret);
    LoadParams how = params(role, yaml);
    auto loaded = load(how);
    EXPECT_TRUE(loaded) << lines(loaded.error());
    return std::make_unique<Running>(how, std::move(*loaded), kStart);
  }
  /// Reads the configuration again and puts it into force.
  Running::Next reload(Running& running, const std::string& yaml) {
    write("vf.yaml", yaml);
    auto next = running.read_again();
    EXPECT_TRUE(next) << lines(next.error());
    if (!next) return {};
    running.put_into_force(*next, kLater);
    return std::move(*next);
  }
  static nlohmann::json shown(const Running& running) { return nlohmann::json::parse(running.to_json()); }
};

const std::string kTarget = "targets: {stage: {url: 'http://127.0.0.1:1/internal/events', window: 2}}\n";

TEST_F(ReloadTest, TakesOverWhatMayChangeAndNamesWhatMayNot) {
  const auto running = start(Role::ingest, kTarget);
  const auto before = running->settings();
  const auto next = reload(*running, "ingest: {queue: 7}\ntargets: {stage: {url: 'http://127.0.0.1:2/', window: 3}}\n");
  EXPECT_THAT(next.changed, ElementsAre("targets.stage.url", "targets.stage.window"));
  EXPECT_THAT(next.pending, ElementsAre("ingest.queue"));
  EXPECT_EQ(running->settings()->targets.at("stage").target.url.reveal(), "http://127.0.0.1:2");
  EXPECT_EQ(running->settings()->targets.at("stage").tuning.retry.window_max, 3);
  EXPECT_EQ(running->settings()->ingest.queue.waiting_max, 10'000u);
  EXPECT_EQ(before->targets.at("stage").target.url.reveal(), "http://127.0.0.1:1/internal/events")
      << "a snapshot never changes";
  EXPECT_EQ(running->pending(), 1u);
  EXPECT_EQ(running->loaded_at(), kLater);
}

// It could keep the process waiting for a writer.
TEST_F(ReloadTest, APipeIsNotReadAgain) {
  const auto running = start(Role::ingest, kTarget);
  std::filesystem::remove(dir_ / "vf.yaml");
  ASSERT_EQ(::mkfifo((dir_ / "vf.yaml").c_str(), 0600), 0);
  const auto next = running->read_again();
  ASSERT_FALSE(next);
  EXPECT_THAT(next.error().front().text(), HasSubstr("vf.yaml: is no regular file"));
}

// Another program may be just writing it.
TEST_F(ReloadTest, AnEmptyFileIsRefused) {
  const auto running = start(Role::ingest, kTarget);
  for (const auto* text : {"", " \n\n"}) {
    write("vf.yaml", text);
    const auto next = running->read_again();
    ASSERT_FALSE(next);
    EXPECT_THAT(next.error().front().text(), HasSubstr("vf.yaml: is empty"));
  }
  EXPECT_TRUE(running->settings()->targets.contains("stage"));
}

TEST_F(ReloadTest, FileOfASecretIsReadAgain) {
  const auto running = start(Role::ingest, kTarget);
  write("vf-data/stage.secret", kOther);
  const auto next = reload(*running, kTarget);
  EXPECT_THAT(next.changed, ElementsAre("targets.stage.secret"));
  EXPECT_THAT(running->settings()->targets.at("stage").target.secrets, ElementsAre(kOther));
}

TEST_F(ReloadTest, WhatIsInForceIsWhatALoadOfTheFileWouldGive) {
  const auto running = start(Role::ingest, kTarget + "sources: {kick: {}, orders: {scheme: github, secrets: a}}\n");
  reload(*running, kTarget + "sources: {kick: {mode: off}, orders: {scheme: slack, secrets: [b, c]}}\n");
  const auto now = running->settings();
  const Settings loaded = settings(
      params(Role::ingest, kTarget + "sources: {kick: {mode: off}, orders: {scheme: slack, secrets: [b, c]}}\n"));
  EXPECT_EQ(now->sources.kick->mode, SourceMode::off);
  EXPECT_EQ(now->sources.generic.at("orders").max_age, loaded.sources.generic.at("orders").max_age);
  EXPECT_EQ(now->sources.generic.at("orders").secrets.size(), 2u);
  EXPECT_EQ(now->data_dir, loaded.data_dir);
  EXPECT_EQ(now->ingest.store.path, loaded.ingest.store.path);
  EXPECT_EQ(now->ingest.lake_named, loaded.ingest.lake_named);
}

TEST_F(ReloadTest, WrongFileChangesNothingAndEveryErrorIsReported) {
  const auto running = start(Role::ingest, kTarget);
  const auto before = running->settings();
  write("vf.yaml", "log: {level: loud}\ningest: {lissen: h:1}\n" + kTarget);
  const auto next = running->read_again();
  ASSERT_FALSE(next);
  EXPECT_THAT(lines(next.error()), AllOf(HasSubstr("vf.yaml:1: log.level"), HasSubstr("vf.yaml:2: ingest.lissen")));
  EXPECT_EQ(running->settings(), before);
  running->refuse(next.error(), kLater);
  EXPECT_EQ(running->loaded_at(), kStart);
  EXPECT_EQ(shown(*running)["refused"]["problems"].size(), 2u);
  reload(*running, kTarget);
  EXPECT_TRUE(shown(*running)["refused"].is_null());
}

TEST_F(ReloadTest, RoleOfAnEnvironmentSeesItsOwnKeysOnly) {
  const std::string stage = "environments: {stage: {listen: h:1, retention: {processed_events: ";
  const auto running = start(Role::worker, stage + "30d}}}\n");
  const auto next = reload(*running, stage + "31d}}, other: {listen: h:2}}\ningest: {queue: 5}\n");
  EXPECT_THAT(next.changed, ElementsAre("environments.stage.retention.processed_events"));
  EXPECT_THAT(next.pending, ElementsAre());
}

TEST_F(ReloadTest, WhatIsShownHidesSecretsAndNamesBothValues) {
  const auto running = start(Role::ingest, kTarget + "admin: {token: hunter2}\n");
  reload(*running, kTarget + "admin: {token: hunter3, listen: 'h:9'}\n");
  EXPECT_THAT(running->to_json(), Not(HasSubstr("hunter")));
  const auto json = shown(*running);
  EXPECT_EQ(json["config"]["admin"]["listen"], "127.0.0.1:8081");
  EXPECT_EQ(json["config"]["admin"]["token"], "***");
  EXPECT_EQ(json["needs_restart"],
            nlohmann::json::parse(R"([{"key": "admin.listen", "running": "127.0.0.1:8081", "configured": "h:9"}])"));
}

// Two keys that must fit together are either both reloadable or neither, so that the values in force fit together too.
TEST_F(ReloadTest, KeysThatMustFitTogetherChangeTogether) {
  const auto reloads = [](const char* path) { return table().find(path)->key->reload; };
  EXPECT_EQ(reloads("ingest.retention.outbox"), reloads("ingest.retention.ledger"));
  EXPECT_EQ(reloads("sources.orders.replay_guard"), reloads("ingest.retention.ledger"));
  EXPECT_EQ(reloads("targets.stage.retry.first"), reloads("targets.stage.retry.longest"));
  EXPECT_EQ(reloads("ingest.max_body"), reloads("environments.stage.max_body"));
  EXPECT_EQ(reloads("ingest.store"), reloads("environments.stage.store"));
}

}  // namespace
}  // namespace vf::settings
