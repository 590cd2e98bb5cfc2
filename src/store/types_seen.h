// TypesSeen: which event types the newest events of an outbox have, for `vf doctor`. Each driver reads them with a
// function of its own, from a store that another process may have open. Values.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/time.h"

namespace vf::store {

/// Asks for the events received at or after `from`, but only for the newest `rows_max` of them: no index leads from a
/// type to its events, so the rows are read one by one.
struct TypesSince {
  Instant from;
  size_t rows_max = 200'000;
};

struct SeenType {
  std::string source;
  std::string type;
};

struct TypesSeen {
  std::vector<SeenType> types;  // each pair once, in any order
  size_t rows = 0;              // the number of events read
  Instant oldest;               // when the oldest event read was received, if there is one
  bool complete = true;         // false: rows_max ended the reading, older events of the span may be unread
};

}  // namespace vf::store
