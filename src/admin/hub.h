// Hub: what the resources of a hub's admin API are about. All members outlive the API.
#pragma once

#include "admin/operations.h"
#include "base/time.h"
#include "store/outbox_store.h"

namespace vf::admin {

struct Hub {
  store::OutboxStore& outbox;  // is only read
  Operations& operations;
  const Clock& clock;
};

}  // namespace vf::admin
