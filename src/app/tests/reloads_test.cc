// A reload is applied whole or refused whole, and says what it did. The configuration is a file of the test's own; a
// part of the process is a function of the test.
#include "app/reloads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace vf::app {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

struct ReloadsTest : testing::Test {
  std::filesystem::path file =
      std::filesystem::path(testing::TempDir()) / ("vf-reloads-" + std::to_string(::getpid()) + ".yaml");
  ManualClock clock{from_unix_millis(1'790'000'000'000)};
  std::vector<std::string> lines;
  obs::Log log{obs::Log::Params{.clock = &clock, .sink = [this](std::string_view line) { lines.emplace_back(line); }}};
  obs::Metrics metrics;
  obs::Health health;
  std::unique_ptr<settings::Running> running;
  std::unique_ptr<Reloads> reloads;

  ~ReloadsTest() override { std::filesystem::remove(file); }

  void write(const std::string& yaml) { std::ofstream(file) << yaml; }
  void start(const std::string& yaml) {
    write(yaml);
    settings::LoadParams params;
    params.file = file;
    params.sets = {"admin.token=secret"};  // without one there is a warning
    params.role = settings::Role::ingest;
    auto loaded = settings::load(params);
    ASSERT_TRUE(loaded);
    running = std::make_unique<settings::Running>(params, std::move(*loaded), clock.now());
    reloads = std::make_unique<Reloads>(*running, obs::Services{clock, log, metrics, health});
  }
  void reload(const std::string& yaml) {
    write(yaml);
    clock.advance(Millis{1'000});
    reloads->reload();
  }
};

TEST_F(ReloadsTest, PartsGetTheChangeInTheirOrder) {
  start("log: {level: info}\n");
  std::vector<std::string> order;
  for (const char* name : {"first", "second"}) {
    reloads->add([&order, name](const Change& change) -> Result<PutIntoForce> {
      EXPECT_TRUE(change.concerns("ingest.retention."));
      EXPECT_FALSE(change.concerns("targets."));
      EXPECT_EQ(change.settings->ingest.outbox_retention, std::chrono::days{8});
      order.push_back(std::string("prepare ") + name);
      return PutIntoForce([&order, name] { order.push_back(name); });
    });
  }
  reload("ingest: {retention: {outbox: 8d}, queue: 5}\n");
  EXPECT_THAT(order, ElementsAre("prepare first", "prepare second", "first", "second"));
  EXPECT_THAT(lines, ElementsAre(EndsWith("info  configuration reloaded changed=ingest.retention.outbox"),
                                 EndsWith("warn  new values that need a restart keys=ingest.queue")));
  EXPECT_THAT(metrics.render(),
              AllOf(HasSubstr("vf_config_reloads_total{result=\"applied\"} 1"), HasSubstr("vf_config_needs_restart 1"),
                    HasSubstr("vf_config_loaded_timestamp_seconds 1790000001")));
}

TEST_F(ReloadsTest, PartThatCannotBePreparedRefusesTheWhole) {
  start("log: {level: info}\n");
  bool is_changed = false;
  reloads->add([&](const Change&) -> Result<PutIntoForce> { return PutIntoForce([&] { is_changed = true; }); });
  reloads->add([](const Change&) -> Result<PutIntoForce> { return invalid("sources.kick.public_keys[0]: no key"); });
  const auto before = running->settings();
  reload("ingest: {retention: {outbox: 8d}}\n");
  EXPECT_FALSE(is_changed);
  EXPECT_EQ(running->settings(), before);
  EXPECT_THAT(lines, ElementsAre(HasSubstr("sources.kick.public_keys[0]: no key"), HasSubstr("stays in force")));
  EXPECT_THAT(metrics.render(), HasSubstr("vf_config_reloads_total{result=\"refused\"} 1"));
}

TEST_F(ReloadsTest, WrongFileIsLoggedErrorByError) {
  start("log: {level: error}\n");
  reload("ingest: {lissen: 1, queue: 0}\n");
  EXPECT_THAT(lines, ElementsAre(HasSubstr("ingest.lissen: unknown key"), HasSubstr("ingest.queue: must be from 1"),
                                 EndsWith("error the configuration read before stays in force problems=2")));
}

TEST_F(ReloadsTest, LineAboutANewLevelIsWrittenWhateverTheLevels) {
  start("log: {level: info}\n");
  reload("log: {level: error}\n");
  log.warn("unseen");
  log.error("seen");
  reload("log: {level: info}\n");
  EXPECT_THAT(lines, ElementsAre(HasSubstr("changed=log.level"), HasSubstr("seen"), HasSubstr("changed=log.level")));
}

}  // namespace
}  // namespace vf::app
