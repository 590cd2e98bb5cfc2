// Admin API: serves JSON under /admin/v1/ about a running ingest: sources, targets, events and their history, dead
// letters, the audit log. Handlers may block on the store, so reads and changes each have a thread of their own.
// Thread safe once built. openapi.json (served as /admin/v1/openapi.json) describes it.
#pragma once

#include <memory>

#include "admin/access.h"
#include "admin/operations.h"
#include "base/time.h"
#include "http/router.h"
#include "outbox/writer.h"
#include "store/outbox_store.h"

namespace vf::admin {

/// What the API reads and operates. All three outlive it.
struct Hub {
  store::OutboxStore& outbox;
  outbox::Writer& writer;  // for the audit log
  Operations& operations;
};

class Api {
 public:
  struct Params {
    Access access;
    const Clock& clock;
    Hub hub;
  };
  explicit Api(Params params);
  ~Api();

  /// Adds the API's routes to `router`. The Api must live until the router serves no more requests.
  void mount(http::Router& router);
  /// Answers the requests that wait; later requests get 503.
  void drain();

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace vf::admin
