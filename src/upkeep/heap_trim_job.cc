#include "upkeep/heap_trim_job.h"

#include "platform/heap.h"

namespace vf::upkeep {

jobs::Job heap_trim_job() {
  return {.name = "heap-trim", .schedule = *jobs::Schedule::every(Millis{2'000}), .run = [](jobs::Context&) {
            platform::give_back_freed_memory();
            return jobs::Finish::complete;
          }};
}

}  // namespace vf::upkeep
