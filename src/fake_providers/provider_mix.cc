#include "fake_providers/provider_mix.h"

namespace vf::fake_providers {

ProviderMix::ProviderMix(const ProviderMixParams& params)
    : random_(params.seed),
      sumsub_percent_(params.sumsub_percent),
      kick_({.seed = params.seed,
             .channels = params.channels,
             .viewers = params.viewers,
             .odd_percent = params.odd_percent}),
      sumsub_({.odd_percent = params.odd_percent}) {}

Payload ProviderMix::next(Instant now) {
  return random_.unit() * 100 < sumsub_percent_ ? sumsub_.next(now, random_) : kick_.next(now, random_);
}

}  // namespace vf::fake_providers
