// Audit: keeps the changes that callers of the admin API make: in the shared store's audit log, or, in a process
// without that store, in its log. Thread safe.
#pragma once

#include <string>

#include "api/service.h"
#include "base/time.h"
#include "obs/log.h"
#include "outbox/writer.h"

namespace vf::admin {

class StoredAudit final : public api::AuditLog {
 public:
  StoredAudit(outbox::Writer& writer, const Clock& clock) : writer_(writer), clock_(clock) {}

  void add(const api::Call& call, const std::string& outcome) override;

 private:
  outbox::Writer& writer_;
  const Clock& clock_;
};

class LoggedAudit final : public api::AuditLog {
 public:
  explicit LoggedAudit(obs::Log& log) : log_(log) {}

  void add(const api::Call& call, const std::string& outcome) override;

 private:
  obs::Log& log_;
};

}  // namespace vf::admin
