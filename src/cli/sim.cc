// vf sim: runs fake providers that send to a hub in another process.
#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "base/time.h"
#include "cli/families.h"
#include "cli/json.h"
#include "concurrency/periodic_task.h"
#include "config/resolve.h"
#include "fake_providers/simulator.h"
#include "platform/signals.h"

namespace vf::cli {
namespace {

constexpr std::chrono::seconds kStopTimeout{10};
constexpr Millis kFinishedPoll{100};

struct Options {
  std::string hub = "http://127.0.0.1:8080", listen = "127.0.0.1:8090", key_file, sumsub_secret, record_file;
  double rate = 20, seconds = 0, repeat = 0, second_id = 0, late = 0, overtaken = 0, tampered = 0, sumsub = 3;
  double outage_every = 0, outage_length = 0;
  uint64_t seed = 1, count = 0;
  uint32_t channels = 20;
};

Millis millis(double seconds) { return Millis(static_cast<int64_t>(seconds * 1000)); }

fake_providers::SimulatorParams params_of(const Options& options) {
  fake_providers::SimulatorParams params;
  params.mix.seed = options.seed;
  params.mix.channels = options.channels;
  params.mix.sumsub_percent = options.sumsub_secret.empty() ? 0 : options.sumsub;
  params.faults = {.repeat_percent = options.repeat,
                   .second_id_percent = options.second_id,
                   .late_percent = options.late,
                   .overtaken_percent = options.overtaken,
                   .tampered_percent = options.tampered,
                   .outage_every = millis(options.outage_every),
                   .outage_length = millis(options.outage_length)};
  params.player.rate = options.rate;
  params.player.count = options.count;
  params.player.duration = millis(options.seconds);
  params.api_listen = options.listen;
  return params;
}

std::string summary(const fake_providers::PlayerStats& stats, bool json) {
  const Json all = Json::object()
                       .set("events", stats.events)
                       .set("sent", stats.sent)
                       .set("accepted", stats.accepted)
                       .set("duplicates", stats.duplicates)
                       .set("forgeries_refused", stats.forgeries_refused)
                       .set("forgeries_accepted", stats.forgeries_accepted)
                       .set("retries", stats.retries)
                       .set("given_up", stats.given_up);
  if (json) return all.dump() + "\n";
  std::string out;
  for (const auto& [name, value] : all.fields()) out += fmt::format("{:<20}{}\n", name, value.dump());
  return out;
}

int play(Session& session, const Options& options) {
  platform::block_signals(platform::Hangup::stops);
  auto params = params_of(options);
  if (!options.key_file.empty()) {
    std::ifstream file(options.key_file);
    std::stringstream text;
    text << file.rdbuf();
    if (!file) return session.misuse("cannot read " + options.key_file + ": --key takes an RSA private key, PEM");
    params.kick_key_pem = text.str();
  }
  std::ofstream record;
  if (!options.record_file.empty()) {
    record.open(options.record_file);
    if (!record) return session.misuse("cannot write " + options.record_file);
    params.player.record = [&record](std::string_view line) { record << line << "\n"; };
  }
  SystemClock clock;
  auto simulator = fake_providers::Simulator::start(std::move(params), clock);
  if (!simulator) return session.fail(simulator.error());
  session.err() << fmt::format("vf sim: Kick's API at {}; seed {}, {} events a second to {}\n", (*simulator)->api_url(),
                               options.seed, options.rate, options.hub);
  const auto playing = (*simulator)
                           ->play({options.hub + "/webhooks/kick", options.hub + "/webhooks/sumsub",
                                   std::string(config::secret_text(options.sumsub_secret))});
  if (!playing) return session.fail(playing.error());
  // The main thread waits for a stop signal; this task raises one when all messages were sent and answered.
  concurrency::PeriodicTask finished("sim-finished", kFinishedPoll, [&simulator] {
    if ((*simulator)->is_finished()) platform::stop_this_process();
    return kFinishedPoll;
  });
  platform::wait_for_stop({});
  platform::end_within(kStopTimeout);
  finished.stop();
  (*simulator)->stop();
  const auto stats = (*simulator)->stats();
  session.out() << summary(stats, session.json);
  return stats.forgeries_accepted > 0 || stats.given_up > 0 ? kFailed : kDone;
}

void add_options(const Command& command, Options& o) {
  command.option("--hub", o.hub, "The hub's public listener").show_default();
  command.option("--listen", o.listen, "Listener of the fake providers' own APIs").show_default();
  command.option("--key", o.key_file, "Kick's private key, PEM; default: a new one, served at --listen");
  command.option("--sumsub-secret", o.sumsub_secret, "Sumsub's webhook secret; without it Sumsub sends nothing");
  command.option("--sumsub-percent", o.sumsub, "Of all events").show_default().between(0.0, 100.0);
  command.option("--rate", o.rate, "Events a second; 0: as fast as the hub takes them")
      .show_default()
      .between(0.0, 1'000'000.0);
  command.option("--count", o.count, "End after so many events");
  command.option("--seconds", o.seconds, "End after so long").between(0.0, 1e9);
  command.option("--seed", o.seed, "The same seed gives the same events").show_default();
  command.option("--channels", o.channels, "Channels that events are about").show_default().between(1, 10'000);
  command.option("--record", o.record_file, "Write a line of JSON for each delivery that was accepted or given up");
  const auto percent = [&command](const char* name, double& value, const char* what) {
    command.option(name, value, what).between(0.0, 100.0);
  };
  percent("--repeat", o.repeat, "Percent sent twice under one id");
  percent("--second-id", o.second_id, "Percent sent again under a second id");
  percent("--late", o.late, "Percent sent up to 10 s late");
  percent("--overtaken", o.overtaken, "Percent sent after later events");
  percent("--tampered", o.tampered, "Percent followed by a copy with one bit flipped");
  command.option("--outage-every", o.outage_every, "Seconds between outages of the provider");
  command.option("--outage-length", o.outage_length, "Seconds an outage lasts; then everything is sent at once");
}

}  // namespace

void add_sim(const Command& root) {
  auto options = std::make_shared<Options>();
  const auto run = [options](Session& session) { return play(session, *options); };
  add_options(root.add({"sim", "Fake Kick and Sumsub: signed webhooks at a chosen rate, from a seed", run}), *options);
}

}  // namespace vf::cli
