// Heap: memory that was freed and that the C library keeps. One overload would otherwise count as memory in use for
// ever: holes between what lives on, in the arena of each thread.
#pragma once

namespace vf::platform {

/// Gives pages of freed memory back to the system, when there are many. Thread safe; others wait for memory meanwhile,
/// a few milliseconds after an overload, else less than one.
void give_back_freed_memory();

}  // namespace vf::platform
