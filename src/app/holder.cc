#include "app/holder.h"

#include <fmt/format.h>
#include <unistd.h>

namespace vf::app {

std::string process_name(uint64_t chance) {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  return fmt::format("{}/{}/{:08x}", host, ::getpid(), static_cast<uint32_t>(chance));
}

}  // namespace vf::app
