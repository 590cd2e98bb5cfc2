// Shared by tests of the raw log on ClickHouse: a host that starts a stand-in server (tests/clickhouse) for each log
// and migrates it.
#pragma once

#include "clickhouse/server.h"
#include "lake/clickhouse/clickhouse_raw_log.h"
#include "raw_log_suite.h"

namespace vf::lake::conformance {

class ClickHouseHost final : public RawLogHost {
 public:
  explicit ClickHouseHost(std::string cluster = "") : server({.user = "vf", .password = "it's secret"}) {
    params.url = server.url();
    params.password = "it's secret";
    params.cluster = std::move(cluster);
  }
  Result<std::unique_ptr<RawLog>> open() override {
    VF_TRY(clickhouse::migrate(params, clock_));
    return clickhouse::open_clickhouse(params);
  }

  clickhouse_test::Server server;
  clickhouse::ClickHouseParams params;

 private:
  SystemClock clock_;
};

}  // namespace vf::lake::conformance
