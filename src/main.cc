#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iostream>

#include "cli/cli.h"
#include "platform/last_words.h"
#include "platform/thread_name.h"

namespace {

// A standard stream that was closed would lend its number to the next file or socket, and the log would be written
// there.
void keep_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(fd, F_GETFD) < 0) static_cast<void>(open("/dev/null", O_RDWR));  // takes the lowest free number: fd
  }
}

// Files of the hub hold webhooks, secrets and personal data: only their owner may read a file that it creates, whatever
// the umask of the shell or service is. Where a limit on file sizes stops a file from growing, the write shall
// fail (EFBIG, answered with 503) instead of ending the process.
void be_independent_of_the_caller() {
  umask(S_IRWXG | S_IRWXO);
  signal(SIGXFSZ, SIG_IGN);
}

}  // namespace

int main(int argc, char** argv) {
  keep_standard_streams();
  be_independent_of_the_caller();
  vf::platform::explain_sudden_ends();
  vf::platform::name_this_thread("vf");
  return vf::cli::run({argv + 1, argv + argc}, {std::cout, std::cerr});
}
