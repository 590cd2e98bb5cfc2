// Signals: they stop the process. Block them before any thread starts (and before chDB is loaded), then wait.
#pragma once

#include <chrono>

namespace vf::platform {

/// Blocks SIGINT, SIGTERM and, unless it is ignored, SIGHUP in this thread and all that it starts; ignores SIGPIPE.
void block_stop_signals();

/// Waits for the first of them. From then on the process has `drain_timeout` to end: after it, or at a second signal,
/// it is ended at once, so that a drain that hangs cannot keep it alive.
void wait_for_stop(std::chrono::seconds drain_timeout);

/// Sends SIGTERM to this process.
void stop_this_process();

}  // namespace vf::platform
