#include <fcntl.h>
#include <unistd.h>

#include <iostream>

#include "cli/cli.h"
#include "platform/thread_name.h"

namespace {

// A standard stream that was closed would lend its number to the next file or socket, and the log would be written
// there.
void keep_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(fd, F_GETFD) < 0) static_cast<void>(open("/dev/null", O_RDWR));  // takes the lowest free number: fd
  }
}

}  // namespace

int main(int argc, char** argv) {
  keep_standard_streams();
  vf::platform::name_this_thread("vf");
  return vf::cli::run({argv + 1, argv + argc}, {std::cout, std::cerr});
}
