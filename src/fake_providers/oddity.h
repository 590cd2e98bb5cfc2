// Oddity: decides at random whether a body takes an odd shape that real bodies have had. One thread.
#pragma once

#include "base/random.h"

namespace vf::fake_providers {

class Oddity {
 public:
  Oddity(Random& random, double percent) : random_(random), percent_(percent) {}
  bool strikes() { return random_.unit() * 100 < percent_; }

 private:
  Random& random_;
  double percent_;
};

}  // namespace vf::fake_providers
