// A process that ends at once says why in one line. Oracle: a child process's standard error and how it ended.
#include "platform/last_words.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <new>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace vf::platform {
namespace {

void read_a_mapped_file_that_was_cut() {
  char name[] = "/tmp/vf-mapped-XXXXXX";
  const int file = mkstemp(name);
  unlink(name);
  if (ftruncate(file, 4096) != 0) _exit(9);
  const auto* bytes = static_cast<volatile char*>(mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file, 0));
  if (ftruncate(file, 0) != 0) _exit(9);
  (void)bytes[0];
}

template <class Failure>
void fail_in_a_thread(Failure failure) {
  explain_sudden_ends();
  std::jthread([&failure] { throw Failure(failure); }).join();
}

TEST(LastWordsDeathTest, ABusErrorNamesTheLikelyCauseAndKills) {
  EXPECT_EXIT((explain_sudden_ends(), read_a_mapped_file_that_was_cut()), testing::KilledBySignal(SIGBUS),
              "vf: bus error: .*-shm");
  EXPECT_EXIT((explain_sudden_ends(), kill(getpid(), SIGBUS), pause()), testing::KilledBySignal(SIGBUS), "bus error");
}

TEST(LastWordsDeathTest, WithoutMemoryOrThreadsTheProcessExits) {
  EXPECT_EXIT(fail_in_a_thread(std::bad_alloc()), testing::ExitedWithCode(1), "^vf: out of memory: raise .*\n$");
  const std::system_error no_thread(std::make_error_code(std::errc::resource_unavailable_try_again));
  EXPECT_EXIT(fail_in_a_thread(no_thread), testing::ExitedWithCode(1), "^vf: a thread cannot be started .*: raise");
}

TEST(LastWordsDeathTest, AnotherExceptionAborts) {
  const std::system_error refused(std::make_error_code(std::errc::permission_denied));
  EXPECT_EXIT(fail_in_a_thread(refused), testing::KilledBySignal(SIGABRT), "not foreseen: Permission denied");
  EXPECT_EXIT(fail_in_a_thread(std::runtime_error("odd")), testing::KilledBySignal(SIGABRT), "not foreseen: odd");
}

}  // namespace
}  // namespace vf::platform
