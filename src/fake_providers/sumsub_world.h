// SumsubWorld: applicants and their lives at Sumsub: created, pending, refused and tried again, approved, reset, moved
// to another level, deactivated, deleted; some in the sandbox; actions, transactions and cases beside. Bodies have the
// keys of the documented samples and the odd shapes of older ones. Pure: chance and time are given. One thread.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "fake_providers/payload.h"

namespace vf::fake_providers {

struct Applicant {
  /// Where somebody stands; what can follow is a table in the .cc file.
  enum class Stage { fresh, created, pending, held, retry, rejected, approved, inactive, deleted, gone };

  std::string applicant_id, inspection_id, external_user_id;
  std::string level, previous_level;
  bool sandbox = false;
  Stage stage = Stage::fresh;
  std::string last_result;  // reviewResult as JSON; empty before the first review
};

class SumsubWorld {
 public:
  struct Params {
    size_t applicants = 50;  // alive at once
    double odd_percent = 2;  // of each place where real payloads have been odd
    double sandbox_percent = 10;
  };
  explicit SumsubWorld(Params params) : params_(params) {}

  /// What happens next to some applicant, at `now`.
  Payload next(Instant now, Random& random);

 private:
  Applicant& choose(Instant now, Random& random);

  Params params_;
  uint64_t users_ = 0;
  std::vector<Applicant> applicants_;
};

}  // namespace vf::fake_providers
