// The signals that stop a process or make it read its configuration again. Call block_signals() before any thread
// starts and before chDB is loaded; then only these functions see the signals. One thread calls them.
#pragma once

#include <chrono>
#include <functional>

namespace vf::platform {

/// What SIGHUP does: ends the process, as closing its terminal should (it stays ignored where it is, as under nohup);
/// or calls the function that wait_for_stop() is given.
enum class Hangup { stops, calls };

/// Blocks the signals in the calling thread and in every thread that it starts: SIGINT, SIGTERM and SIGHUP. Ignores
/// SIGPIPE.
void block_signals(Hangup hangup);

/// Keeps a SIGHUP that comes from now on until block_signals(Hangup::calls) and wait_for_stop() take it: a process that
/// still starts reads its configuration again afterwards, and does not end. Call it first of all.
void keep_hangup();

/// Waits for a signal that stops the process, `at_most` so long. Returns true when it has come; it is then taken, and
/// wait_for_stop() waits for another. A SIGHUP that calls a function stays pending.
bool stop_came_within(std::chrono::milliseconds at_most);

/// Waits for the first signal that stops the process and returns. Calls `on_hangup` at each SIGHUP until then.
void wait_for_stop(const std::function<void()>& on_hangup);

/// If the process has not ended `at_most` later, or when another stop signal comes, a thread ends the process at once,
/// so that a drain that hangs cannot keep it alive.
void end_within(std::chrono::milliseconds at_most);

/// Sends SIGTERM to this process.
void stop_this_process();

}  // namespace vf::platform
