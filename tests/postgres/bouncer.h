// Bouncer: a PgBouncer in transaction mode in front of a test's server. It has fewer connections than clients, so that
// two transactions of a client may run in different sessions. The process ends with the object. Scope: tests.
#pragma once

#include <string>

#include "postgres/server.h"

namespace vf::postgres_test {

class Bouncer {
 public:
  explicit Bouncer(const Server& server);
  ~Bouncer();
  Bouncer(const Bouncer&) = delete;
  Bouncer& operator=(const Bouncer&) = delete;

  std::string url(const std::string& database) const;

 private:
  int port_ = 0;
  pid_t process_ = -1;
};

}  // namespace vf::postgres_test
