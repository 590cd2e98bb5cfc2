// Health: the checks behind /readyz. A failing required check makes it answer 503; the others are only reported, with
// their reasons. Thread safe; checks run on the calling thread and must be quick.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace vf::obs {

class Health {
 public:
  /// The result of a check. Made from a string: empty is healthy, else the string is the reason of the failure.
  struct Finding {
    std::string reason;
    bool healthy;
    Finding(std::string why_failing) : reason(std::move(why_failing)), healthy(reason.empty()) {}
    /// Healthy, and `note` is shown as the reason all the same.
    static Finding healthy_with_note(std::string note) {
      Finding finding(std::move(note));
      finding.healthy = true;
      return finding;
    }
  };
  using Check = std::function<Finding()>;

  void require(std::string name, Check check);  // makes /readyz 503
  void report(std::string name, Check check);   // never does

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
