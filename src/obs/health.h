// Health: what /healthz and /readyz say. Checks that matter make /readyz 503; the others are told with their reasons
// and never do (contract, "Health"). Thread safe; checks run on the asking thread and must be quick.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace vf::obs {

class Health {
 public:
  /// Empty: well. Else the reason why not.
  using Check = std::function<std::string()>;

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
