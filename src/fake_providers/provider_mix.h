// ProviderMix: makes the events of all fake providers in one stream. The same seed and the same times give the same
// payloads, byte for byte. No I/O. One thread.
#pragma once

#include "fake_providers/fake_kick.h"
#include "fake_providers/fake_sumsub.h"

namespace vf::fake_providers {

struct ProviderMixParams {
  uint64_t seed = 1;
  uint32_t channels = 20;
  uint32_t viewers = 2'000;
  double sumsub_percent = 3;  // Sumsub's share of all events; 0: only Kick
  double odd_percent = 2;     // probability of each odd shape that real payloads have had
};

class ProviderMix {
 public:
  explicit ProviderMix(const ProviderMixParams& params);
  Payload next(Instant now);
  const FakeKick& kick() const { return kick_; }

 private:
  SeededRandom random_;
  double sumsub_percent_;
  FakeKick kick_;
  FakeSumsub sumsub_;
};

}  // namespace vf::fake_providers
