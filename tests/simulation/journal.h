// Journal: records what happened in the run of one seed. Its digest shows whether two runs were the same, its counts
// show that every kind of fault occurred, and printed step by step it explains a failing seed. Single-threaded.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <string>
#include <string_view>

#include "base/time.h"

namespace vf::simulation {

class Journal {
 public:
  explicit Journal(const Clock& clock) : clock_(clock) {}

  bool aloud = false;  // prints every note to stderr

  /// Records one happening. `what` is one of a few fixed texts; each text is counted.
  void note(std::string_view what, uint64_t detail = 0) {
    ++counts_[std::string(what)];
    for (const char c : what) mix(static_cast<uint64_t>(c));
    mix(detail);
    mix(static_cast<uint64_t>(clock_.steady().count()));
    if (aloud) fmt::print(stderr, "{} {} {}\n", to_rfc3339(clock_.now()), what, detail);
  }
  uint64_t digest() const { return digest_; }
  const std::map<std::string, uint64_t>& counts() const { return counts_; }

 private:
  void mix(uint64_t value) { digest_ = (digest_ ^ value) * 0x100000001b3ull; }  // FNV-1a

  const Clock& clock_;
  uint64_t digest_ = 0xcbf29ce484222325ull;
  std::map<std::string, uint64_t> counts_;
};

}  // namespace vf::simulation
