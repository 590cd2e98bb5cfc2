// FakeSumsub: makes the events of a fake Sumsub. Its applicants, some in the sandbox, go through a life cycle: created,
// pending, refused and tried again, approved, reset, moved to another level, deactivated, deleted. There are also
// actions, transactions and cases. Bodies have the keys of the documented samples and the odd shapes of older samples.
// No I/O: randomness and time are arguments. One thread.
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
    size_t applicants = 50;  // that exist at the same time
    double odd_percent = 2;  // probability of each odd shape that real payloads have had
    double sandbox_percent = 10;
  };
  explicit FakeSumsub(Params params) : params_(params) {}

  /// Returns the next event of one of the applicants, which happens at `now`.
  Payload next(Instant now, Random& random);

 private:
  Applicant& choose(Instant now, Random& random);

  Params params_;
  uint64_t users_ = 0;
  std::vector<Applicant> applicants_;
};

}  // namespace vf::fake_providers
