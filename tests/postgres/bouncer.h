// Bouncer: a PgBouncer in transaction mode before a test's server, with fewer connections than clients, so that no two
// transactions of a client can count on the same session. Ends with the object. Scope: tests.
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
