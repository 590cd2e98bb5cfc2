// The signals that stop the process. Call block_stop_signals() before any thread starts and before chDB is loaded, then
// wait_for_stop().
#pragma once

#include <chrono>

namespace vf::platform {

/// Blocks the stop signals in the calling thread and in every thread that it starts: SIGINT, SIGTERM and, unless it is
/// ignored, SIGHUP. Ignores SIGPIPE.
void block_stop_signals();

/// Waits for the first stop signal and returns. If the process has not ended `drain_timeout` later, or when a second
/// stop signal comes, a thread ends the process at once, so that a drain that hangs cannot keep it alive.
void wait_for_stop(std::chrono::seconds drain_timeout);

/// Sends SIGTERM to this process.
void stop_this_process();

}  // namespace vf::platform
