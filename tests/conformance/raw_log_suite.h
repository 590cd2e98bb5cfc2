// The conformance suite of RawLog, which every driver of the raw log must pass. A driver instantiates RawLogConformance
// with a factory of hosts; raw_log_chdb_test.cc shows how.
// Doubles: none, the engines are real. Oracle: the events that the test itself inserted.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lake/raw_log.h"

namespace vf::lake::conformance {

/// A place for one raw log, empty at first and removed with the host. open() may be called again after the RawLog was
/// destroyed.
class RawLogHost {
 public:
  virtual ~RawLogHost() = default;
  virtual Result<std::unique_ptr<RawLog>> open() = 0;
};

struct RawLogDriver {
  std::string name;
  std::function<std::unique_ptr<RawLogHost>()> make_host;
  std::string missing;  // why the driver cannot run on this machine, so that its tests are skipped; empty: it can run
};

class RawLogConformance : public testing::TestWithParam<RawLogDriver> {
 protected:
  void SetUp() override;
  void open();
  void reopen();
  void insert(const std::vector<Event>& events);

  std::unique_ptr<RawLogHost> host_;
  std::unique_ptr<RawLog> log_;
};

/// Returns the number of rows in the log; a row that is stored twice counts twice.
Result<int64_t> rows_in(RawLog& log);

/// Returns the n-th event of a series of different events, of which one is received each millisecond.
Event sample_event(uint64_t n);
std::vector<Event> sample_events(uint64_t first, uint64_t count);
std::vector<RawRow> rows_of(const std::vector<Event>& events);
std::vector<Uuid> ids_of(const std::vector<Event>& events);

}  // namespace vf::lake::conformance
