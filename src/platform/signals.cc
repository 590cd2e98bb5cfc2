#include "platform/signals.h"

#include <signal.h>
#include <unistd.h>

#include "platform/thread_name.h"

namespace vf::platform {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  // nohup ignores SIGHUP: leave it ignored.
  struct sigaction hangup{};
  if (sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN) sigaddset(&set, SIGHUP);
  return set;
}

constexpr int kKilledBySecondSignal = 130;
constexpr int kDrainTookTooLong = 1;

}  // namespace

void block_stop_signals() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

void wait_for_stop(std::chrono::seconds drain_timeout) {
  const sigset_t set = stop_signals();
  int received = 0;
  sigwait(&set, &received);
  named_thread("stop-deadline", [set, drain_timeout] {
    const timespec limit{drain_timeout.count(), 0};
    _exit(sigtimedwait(&set, nullptr, &limit) > 0 ? kKilledBySecondSignal : kDrainTookTooLong);
  }).detach();
}

void stop_this_process() { kill(getpid(), SIGTERM); }

}  // namespace vf::platform
