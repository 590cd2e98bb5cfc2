// Signals: how a process is told to stop. Block them before any thread starts (and before chDB is loaded), then wait.
#pragma once

#include <chrono>

namespace vf::platform {

/// Blocks SIGINT, SIGTERM and, unless it is ignored, SIGHUP in this thread and all that it starts; ignores SIGPIPE.
void block_stop_signals();

/// Waits for the first of them. From then on a second one ends the process at once, as does the end of
/// `patience`: a drain that hangs must not outlive it.
void wait_for_stop(std::chrono::seconds patience);

/// As if SIGTERM had come from outside.
void stop_this_process();

}  // namespace vf::platform
