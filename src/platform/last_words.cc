#include "platform/last_words.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

namespace vf::platform {
namespace {

constexpr int kFailed = 1;

// Async-signal-safe. A line that cannot be written has no other place to go.
void say(std::string_view line) { (void)!::write(STDERR_FILENO, line.data(), line.size()); }

void on_bus_error(int) {
  say("vf: bus error: a file that was mapped into memory became shorter, as a rule the index of a SQLite database "
      "(-shm) that another program cut, or a file system has failed. Start the process again: the index is made anew, "
      "and nothing acknowledged is lost\n");
  signal(SIGBUS, SIG_DFL);
  raise(SIGBUS);  // comes when this handler has returned
}

// _exit, because other threads still run.
[[noreturn]] void end_short_of(std::string_view what) {
  say(std::string("vf: ").append(what).append(
      ": raise the limits on memory and tasks (ulimit -v and -u; LimitAS= and TasksMax= of a service)\n"));
  _exit(kFailed);
}

void say_unforeseen(std::string_view reason) {
  say(std::string("vf: ended by a failure that was not foreseen: ").append(reason).append("\n"));
}

[[noreturn]] void on_terminate() {
  try {
    if (const auto failure = std::current_exception()) std::rethrow_exception(failure);
    say_unforeseen("no exception");
  } catch (const std::bad_alloc&) {
    end_short_of("out of memory");
  } catch (const std::system_error& failure) {
    if (failure.code() == std::errc::resource_unavailable_try_again)
      end_short_of("a thread cannot be started (" + failure.code().message() + ")");
    say_unforeseen(failure.what());
  } catch (const std::exception& failure) {
    say_unforeseen(failure.what());
  } catch (...) {
    say_unforeseen("an exception of an unknown kind");
  }
  std::abort();
}

}  // namespace

void explain_sudden_ends() {
  struct sigaction action{};
  action.sa_handler = on_bus_error;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, nullptr);
  std::set_terminate(on_terminate);
}

}  // namespace vf::platform
