// FakeSumsub: applicants and their life cycle at Sumsub: created, pending, refused and tried again, approved, reset,
// moved to another level, deactivated, deleted; some in the sandbox; also actions, transactions and cases. Bodies have
// the keys of the documented samples and the odd shapes of older ones. Pure: chance and time are arguments. One thread.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "fake_providers/payload.h"

namespace vf::fake_providers {

struct Applicant {
  /// The stage of an applicant; a table in the .cc file has the transitions.
  enum class Stage { fresh, created, pending, held, retry, rejected, approved, inactive, deleted, gone };

  std::string applicant_id, inspection_id, external_user_id;
  std::string level, previous_level;
  bool sandbox = false;
  Stage stage = Stage::fresh;
  std::string last_result;  // reviewResult as JSON; empty before the first review
};

class FakeSumsub {
 public:
  struct Params {
    size_t applicants = 50;  // alive at once
    double odd_percent = 2;  // chance of each odd shape that real payloads have had
    double sandbox_percent = 10;
  };
  explicit FakeSumsub(Params params) : params_(params) {}

  /// The next event of one of the applicants, at `now`.
  Payload next(Instant now, Random& random);

 private:
  Applicant& choose(Instant now, Random& random);

  Params params_;
  uint64_t users_ = 0;
  std::vector<Applicant> applicants_;
};

}  // namespace vf::fake_providers
