// vf_simulation: runs seeds and prints each failing one with the command that replays it. Every 16th seed is run twice,
// to check that the seed decides everything.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <map>
#include <optional>

#include "delivery.h"
#include "world.h"

namespace vf::simulation {
namespace {

constexpr uint64_t kFailuresMax = 10;  // after so many failing seeds the run ends
uint64_t running_seed = 0;
uint64_t deliveries_every = 1;  // the minutes of deliveries to one target are simulated for every so many seeds

// A broken invariant inside the code under test aborts; the seed is printed in that case too.
void print_seed(int) {
  char text[96];
  const int length =
      std::snprintf(text, sizeof(text), "aborted at seed %llu: ./dev sim --seed %llu\n",
                    static_cast<unsigned long long>(running_seed), static_cast<unsigned long long>(running_seed));
  if (write(STDERR_FILENO, text, static_cast<size_t>(length)) < 0) _exit(3);
}

struct Totals {
  uint64_t seeds = 0, failed = 0;
  std::map<std::string, uint64_t> happenings;
};

struct Outcome {
  std::optional<Violation> violation;
  uint64_t digest = 0;
};

template <class Simulation>
void run_one(Simulation& simulation, bool aloud, Totals& totals, Outcome& outcome) {
  simulation.journal().aloud = aloud;
  try {
    simulation.run();
  } catch (const Violation& violation) {
    outcome.violation = Violation{violation.what + "\n  " + simulation.description()};
  }
  outcome.digest ^= simulation.journal().digest();
  for (const auto& [what, count] : simulation.journal().counts()) totals.happenings[what] += count;
}

Outcome run(uint64_t seed, bool aloud, Totals& totals) {
  running_seed = seed;
  Outcome outcome;
  World world(seed);
  run_one(world, aloud, totals, outcome);
  if (outcome.violation) return outcome;
  if (seed % deliveries_every != 0) return outcome;
  Delivery delivery(seed);
  run_one(delivery, aloud, totals, outcome);
  return outcome;
}

void run_and_print(uint64_t seed, bool aloud, Totals& totals) {
  ++totals.seeds;
  const Outcome outcome = run(seed, aloud, totals);
  if (outcome.violation) {
    fmt::print("seed {}: {}\n  replay: ./dev sim --seed {}\n", seed, outcome.violation->what, seed);
    ++totals.failed;
  } else if (seed % 16 == 0 && run(seed, false, totals).digest != outcome.digest) {
    fmt::print("seed {}: the second run differed: something besides the seed decides\n", seed);
    ++totals.failed;
  }
}

void print(const Totals& totals) {
  for (const auto& [what, count] : totals.happenings) fmt::print("{:>10} {}\n", count, what);
  fmt::print("{} seeds, {} failed\n", totals.seeds, totals.failed);
}

}  // namespace
}  // namespace vf::simulation

int main(int argc, char** argv) {
  CLI::App app{
      "Deterministic simulation of committer, dispatchers, raw-log feeder and receivers, and of the deliveries to a "
      "faulty target"};
  uint64_t seeds = 1000;
  uint64_t from = 1;
  std::optional<uint64_t> one;
  app.add_option("--seeds", seeds, "how many seeds to run");
  app.add_option("--from", from, "the first of them");
  app.add_option("--seed", one, "replay this one, printing every step");
  app.add_option("--deliveries-every", vf::simulation::deliveries_every,
                 "simulate the deliveries to one target for every so many seeds, which takes most of the time")
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGABRT, vf::simulation::print_seed);

  vf::simulation::Totals totals;
  if (one) {
    vf::simulation::run_and_print(*one, true, totals);
  } else {
    for (uint64_t seed = from; seed < from + seeds && totals.failed < vf::simulation::kFailuresMax; ++seed) {
      vf::simulation::run_and_print(seed, false, totals);
    }
  }
  vf::simulation::print(totals);
  return totals.failed == 0 ? 0 : 1;
}
