#include "platform/heap.h"

#include <malloc.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>

namespace vf::platform {
namespace {

constexpr size_t kKeptBytes = 6u << 20;  // stacks, and memory that the next requests need again

/// Memory of this process that is in RAM and not backed by a file.
size_t resident_bytes() {
  size_t all = 0, resident = 0, of_files = 0;
  std::ifstream("/proc/self/statm") >> all >> resident >> of_files;
  return (resident - of_files) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

// mallinfo2 counts pages as free that were given back before. Only pages in RAM are worth the walk through all arenas.
void give_back_freed_memory() {
  const auto heap = mallinfo2();
  if (resident_bytes() > heap.uordblks + heap.hblkhd + kKeptBytes) malloc_trim(0);
}

}  // namespace vf::platform
