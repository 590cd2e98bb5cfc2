// Health: the health checks behind /readyz. When a required check fails, /readyz answers 503; other checks are only
// shown in its body, with their reasons. Thread safe; checks run on the calling thread and must be quick.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace vf::obs {

class Health {
 public:
  /// The result of a check. It converts from a string: "" means healthy, any other text is the reason of the failure.
  struct Finding {
    std::string reason;
    bool healthy;
    Finding(std::string why_failing) : reason(std::move(why_failing)), healthy(reason.empty()) {}
    /// Returns a healthy finding; `note` is shown as its reason all the same.
    static Finding healthy_with_note(std::string note) {
      Finding finding(std::move(note));
      finding.healthy = true;
      return finding;
    }
  };
  using Check = std::function<Finding()>;

  void require(std::string name, Check check);  // when it fails, /readyz answers 503
  void report(std::string name, Check check);   // its failure is only shown

  struct Answer {
    bool ready = true;
    std::string body;  // {"status":"ready"|"not ready","checks":{"store":{"ok":true},"lake":{"ok":false,"reason":"…"}}}
  };
  Answer ready() const;

  struct State {
    std::string name;
    std::string reason;  // empty: healthy
  };
  std::vector<State> states() const;

 private:
  struct Named {
    std::string name;
    Check check;
    bool required;
  };
  std::vector<Named> checks() const;

  mutable std::mutex mutex_;
  std::vector<Named> checks_;
};

}  // namespace vf::obs
