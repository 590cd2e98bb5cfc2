// Preloaded into a program under test (LD_PRELOAD), moves its clocks while it runs: the wall clock, and the steady
// clock that the hub reads (CLOCK_BOOTTIME). VF_SHIFTED_CLOCK names a file of two 64-bit numbers, in seconds: what is
// added to the wall clock and what is added to the steady clock. Timers and waits are not moved: they use
// CLOCK_MONOTONIC.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace {

struct Shift {
  int64_t wall, steady;
};

const volatile Shift* open_shift() {
  static const Shift kNone{};
  const char* path = std::getenv("VF_SHIFTED_CLOCK");
  const int file = path ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return &kNone;
  void* mapped = ::mmap(nullptr, sizeof(Shift), PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  return mapped == MAP_FAILED ? &kNone : static_cast<const volatile Shift*>(mapped);
}

const volatile Shift& shift() {
  static const volatile Shift* const kShift = open_shift();
  return *kShift;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  if (::syscall(SYS_clock_gettime, clock, time) != 0) return -1;
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) time->tv_sec += shift().wall;
  if (clock == CLOCK_BOOTTIME) time->tv_sec += shift().steady;
  return 0;
}

int gettimeofday(timeval* __restrict time, void* __restrict) noexcept {
  timespec now{};
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  *time = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return 0;
}

time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}

}  // extern "C"
