// Health: what /healthz and /readyz say. Checks that matter make /readyz 503; the others are told with their reasons
// and never do (contract, "Health"). Thread safe; checks run on the asking thread and must be quick.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace vf::obs {

class Health {
 public:
  /// What a check finds. Of a string: empty is well, else it is the reason why not.
  struct Finding {
    std::string reason;
    bool well;
    Finding(std::string why_not) : reason(std::move(why_not)), well(reason.empty()) {}
    /// Well, as far as can be told from here: `reason` is shown all the same.
    static Finding well_but(std::string reason) {
      Finding finding(std::move(reason));
      finding.well = true;
      return finding;
    }
  };
  using Check = std::function<Finding()>;

  void require(std::string name, Check check);  // makes /readyz 503
  void report(std::string name, Check check);   // only told

  struct Answer {
    bool ready = true;
    std::string body;  // {"status":"ready"|"not ready","checks":{"store":{"ok":true},"lake":{"ok":false,"reason":"…"}}}
  };
  Answer ready() const;

  struct State {
    std::string name;
    std::string reason;  // empty: well
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
