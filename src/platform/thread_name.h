// Thread names: as `ps -T`, `top -H` and /proc/<pid>/task/<tid>/comm show them. The table of threads is in
// ARCHITECTURE.md. Thread safe.
#pragma once

#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>

namespace vf::platform {

/// Linux keeps no more of a name.
inline constexpr size_t kThreadNameBytesMax = 15;

/// Names the calling thread; keeps the first kThreadNameBytesMax bytes. A thread that a library starts from this one
/// inherits the name.
void name_this_thread(std::string_view name);

std::string this_thread_name();

/// The name of one of `count` like threads: numbered from 0 when there are several.
std::string numbered_name(std::string_view name, int index, int count);

/// Starts a thread under `name`. `body` takes a std::stop_token, or nothing.
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
