// Heap: gives memory that was freed, but that the C library keeps, back to the system. Otherwise the memory of one
// overload would count as used for ever: it stays as holes between live blocks, in the arena of each thread.
#pragma once

namespace vf::platform {

/// Gives pages of freed memory back to the system when there are many. Thread safe. Other threads that allocate memory
/// wait meanwhile: a few milliseconds after an overload, otherwise less than one.
void give_back_freed_memory();

}  // namespace vf::platform
