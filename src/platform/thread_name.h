// Names threads; `ps -T`, `top -H` and /proc/<pid>/task/<tid>/comm show the names. ARCHITECTURE.md has a table of all
// threads. Thread safe.
#pragma once

#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>

namespace vf::platform {

/// Linux allows no longer name.
inline constexpr size_t kThreadNameBytesMax = 15;

/// Names the calling thread with the first kThreadNameBytesMax bytes of `name`. A thread that a library starts from the
/// calling thread inherits the name.
void name_this_thread(std::string_view name);

std::string this_thread_name();

/// Returns the name of one of `count` threads that do the same work: `name`, "-" and `index` (from 0), or `name` alone
/// when `count` is 1.
std::string numbered_name(std::string_view name, int index, int count);

/// Starts a thread with the name `name`. `body` takes a std::stop_token or no argument.
template <class Body>
std::jthread named_thread(std::string name, Body body) {
  return std::jthread([name = std::move(name), body = std::move(body)](const std::stop_token& stop) mutable {
    name_this_thread(name);
    if constexpr (std::is_invocable_v<Body&, const std::stop_token&>) {
      body(stop);
    } else {
      body();
    }
  });
}

}  // namespace vf::platform
