#include "platform/thread_name.h"

#include <pthread.h>

#include <array>

namespace vf::platform {

void name_this_thread(std::string_view name) {
  const std::string kept(name.substr(0, kThreadNameBytesMax));  // pthread refuses a longer name as a whole
  (void)pthread_setname_np(pthread_self(), kept.c_str());
}

std::string this_thread_name() {
  std::array<char, kThreadNameBytesMax + 1> name{};
  (void)pthread_getname_np(pthread_self(), name.data(), name.size());
  return name.data();
}

std::string numbered_name(std::string_view name, int index, int count) {
  return count == 1 ? std::string(name) : std::string(name) + "-" + std::to_string(index);
}

}  // namespace vf::platform
