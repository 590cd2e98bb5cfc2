#include "platform/signals.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "platform/thread_name.h"

namespace vf::platform {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// What SIGHUP does here; nullopt: it stays ignored. Set once, before any thread starts.
std::optional<Hangup> hangup_in_force;

bool is_ignored(int signal_number) {
  struct sigaction action{};
  return sigaction(signal_number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  if (hangup_in_force == Hangup::stops) sigaddset(&set, SIGHUP);
  return set;
}

sigset_t all_signals() {
  sigset_t set = stop_signals();
  if (hangup_in_force) sigaddset(&set, SIGHUP);
  return set;
}

// The wait is interrupted when the process is suspended and continued.
bool stop_came_until(Clock::time_point deadline) {
  const sigset_t set = stop_signals();
  for (;;) {
    const auto left = std::max(std::chrono::ceil<milliseconds>(deadline - Clock::now()), milliseconds{0});
    const timespec limit{left.count() / 1'000, left.count() % 1'000 * 1'000'000};
    if (sigtimedwait(&set, nullptr, &limit) > 0) return true;
    if (left == milliseconds{0}) return false;
  }
}

constexpr int kKilledBySecondSignal = 130;
constexpr int kDrainTookTooLong = 1;

}  // namespace

void keep_hangup() {
  signal(SIGHUP, SIG_DFL);  // one that is ignored could be discarded
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void block_signals(Hangup hangup) {
  hangup_in_force = hangup == Hangup::stops && is_ignored(SIGHUP) ? std::nullopt : std::optional(hangup);
  if (hangup == Hangup::calls) keep_hangup();
  const sigset_t set = all_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

bool stop_came_within(milliseconds at_most) { return stop_came_until(Clock::now() + at_most); }

void wait_for_stop(const std::function<void()>& on_hangup) {
  const sigset_t set = all_signals();
  for (int received = 0;;) {
    if (sigwait(&set, &received) != 0) continue;
    if (received != SIGHUP || hangup_in_force == Hangup::stops) return;
    on_hangup();
  }
}

void end_within(milliseconds at_most) {
  named_thread("stop-deadline", [deadline = Clock::now() + at_most] {
    _exit(stop_came_until(deadline) ? kKilledBySecondSignal : kDrainTookTooLong);
  }).detach();
}

void stop_this_process() { kill(getpid(), SIGTERM); }

}  // namespace vf::platform
