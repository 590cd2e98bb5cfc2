// World: everything that the simulated providers have to tell, in one stream. The same seed and the same moments give
// the same payloads, byte for byte. Pure. One thread.
#pragma once

#include "fake_providers/kick_world.h"
#include "fake_providers/sumsub_world.h"

namespace vf::fake_providers {

struct WorldParams {
  uint64_t seed = 1;
  uint32_t channels = 20;
  uint32_t viewers = 2'000;
  double sumsub_percent = 3;  // of all events; 0: Kick alone
  double odd_percent = 2;     // of each place where real payloads have been odd
};

class World {
 public:
  explicit World(const WorldParams& params);
  Payload next(Instant now);
  const KickWorld& kick() const { return kick_; }

 private:
  SeededRandom random_;
  double sumsub_percent_;
  KickWorld kick_;
  SumsubWorld sumsub_;
};

}  // namespace vf::fake_providers
