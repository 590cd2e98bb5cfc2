#include "platform/open_files.h"

#include <sys/resource.h>

namespace vf::platform {

void allow_many_open_files() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &files);  // if this fails, the old limit stays, and the server pauses accepting at it
}

std::optional<uint64_t> open_files_max() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return std::nullopt;
  return files.rlim_max;
}

}  // namespace vf::platform
