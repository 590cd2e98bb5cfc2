#include "store/postgres/leaving.h"

#include <atomic>

namespace vf::store::postgres {
namespace {

std::atomic<bool> leaving{false};

}  // namespace

void leave() { leaving = true; }
bool is_leaving() { return leaving; }

}  // namespace vf::store::postgres
