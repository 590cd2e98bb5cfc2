#include "platform/heap.h"

#include <malloc.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>

namespace vf::platform {
namespace {

constexpr size_t kKeptBytes = 6u << 20;  // memory not worth giving back: stacks, and what the next requests need again

/// Returns how many bytes of this process are in RAM and not backed by a file.
size_t resident_bytes() {
  size_t all = 0, resident = 0, of_files = 0;
  std::ifstream("/proc/self/statm") >> all >> resident >> of_files;
  return (resident - of_files) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

// Compares with the resident memory, because mallinfo2 also counts pages as free that were given back before. Only
// pages in RAM are worth the walk of malloc_trim() through all arenas.
void give_back_freed_memory() {
  const auto heap = mallinfo2();
  if (resident_bytes() > heap.uordblks + heap.hblkhd + kKeptBytes) malloc_trim(0);
}

}  // namespace vf::platform
