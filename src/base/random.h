// Random: a source of random numbers (for jitter, seeds) that is passed as an argument, so that a simulation can replay
// it.
#pragma once

#include <cstdint>

namespace vf {

class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t next() = 0;
  /// Returns a number from [0, bound), each equally likely; 0 when `bound` is 0.
  uint64_t below(uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
  /// Returns a number uniformly distributed over [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
};

/// SplitMix64 (Steele, Lea, Flood 2014), which is small and fast. The same seed gives the same sequence. Do not make
/// secrets with it.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t next() override {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_;
};

}  // namespace vf
