// Heap: gives back memory that was freed but that the C library keeps. Without it the memory of one overload would
// count as in use for ever: as holes between live blocks, in the arena of each thread.
#pragma once

namespace vf::platform {

/// Gives pages of freed memory back to the system when there are many. Thread safe; other threads that allocate wait
/// meanwhile: a few milliseconds after an overload, else less than one.
void give_back_freed_memory();

}  // namespace vf::platform
