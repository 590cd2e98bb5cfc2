#include "fake_providers/world.h"

namespace vf::fake_providers {

World::World(const WorldParams& params)
    : random_(params.seed),
      sumsub_percent_(params.sumsub_percent),
      kick_({.seed = params.seed,
             .channels = params.channels,
             .viewers = params.viewers,
             .odd_percent = params.odd_percent}),
      sumsub_({.odd_percent = params.odd_percent}) {}

Payload World::next(Instant now) {
  return random_.unit() * 100 < sumsub_percent_ ? sumsub_.next(now, random_) : kick_.next(now, random_);
}

}  // namespace vf::fake_providers
