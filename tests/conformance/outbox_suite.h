// The conformance suite of OutboxStore: it tests the contract that every driver of the shared database must fulfill. A
// driver instantiates OutboxConformance with a factory of hosts; outbox_drivers_test.cc shows how.
// Doubles: none, the stores are real. Oracle: the rows that the test itself wrote.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/outbox_store.h"

namespace vf::store::conformance {

/// A database, empty at first and removed with the host. open() may be called again after the store was destroyed: a
/// durable store then has its content again.
class OutboxHost {
 public:
  virtual ~OutboxHost() = default;
  virtual Result<std::unique_ptr<OutboxStore>> open() = 0;
};

struct OutboxDriver {
  std::string name;
  std::function<std::unique_ptr<OutboxHost>()> make_host;
  bool durable = true;  // the content outlives the store
};
inline void PrintTo(const OutboxDriver& driver, std::ostream* out) { *out << driver.name; }

inline constexpr Instant kStart{Millis{1'790'000'000'123}};

/// Returns an event with every field set. The ids of events are in the order of `n`.
Event event_numbered(uint32_t n);
Uuid id_numbered(uint32_t n);
AddEvent adding(Event event, bool fan_out = true);

class OutboxConformance : public testing::TestWithParam<OutboxDriver> {
 protected:
  void SetUp() override;
  void open();
  void reopen();

  /// Does writes at the time now_; they must succeed.
  std::vector<WriteResult> write(const std::vector<Write>& writes);
  /// Tries writes that must be refused with the error `code`, because of the write at `index`.
  void expect_refusal(const std::vector<Write>& writes, Code code, size_t index);
  /// Adds events first to last in one transaction.
  void add(uint32_t first, uint32_t last);
  std::vector<OutboxRow> read_after(Position after, size_t rows_max = 100'000);
  /// Returns the numbers of the events after a position.
  std::vector<uint32_t> numbers_after(Position after);
  Position position_of(uint32_t number);
  Position end();
  int64_t retain(const RetentionStep& step);

  std::unique_ptr<OutboxHost> host_;
  std::unique_ptr<OutboxStore> store_;
  Instant now_ = kStart;
};

uint32_t number_of(const OutboxRow& row);
EventAdded added(const WriteResult& result);

/// A fixture with six events, received one second apart: even numbers are events of kick, odd numbers of sumsub.
class OutboxSearch : public OutboxConformance {
 protected:
  void SetUp() override {
    OutboxConformance::SetUp();
    for (uint32_t n = 1; n <= 6; ++n) {
      write({adding(event_numbered(n))});
      now_ += Millis{1000};
    }
  }
  std::vector<uint32_t> found(const EventFilter& filter) {
    const auto rows = store_->search(filter);
    EXPECT_TRUE(rows);
    std::vector<uint32_t> numbers;
    for (const OutboxRow& row : rows.value_or(std::vector<OutboxRow>{})) numbers.push_back(number_of(row));
    return numbers;
  }
};

class OutboxCursors : public OutboxConformance {
 protected:
  AdvanceCursor advance(Position from, Position to, const std::string& consumer = "stage") {
    return {.consumer = consumer,
            .from = from,
            .to = to,
            .count = 2,
            .attempts = 3,
            .sent_at = now_ - Millis{40},
            .config_version = "v1"};
  }
  PinBatch pin(Position from, Position to) {
    return {.consumer = std::string(kRawLog), .from = from, .to = to, .count = 7, .digest = "abcd"};
  }
  void start(StartConsumer::At at, const std::string& consumer = "stage") { write({StartConsumer{consumer, at}}); }
  std::optional<Position> cursor(const std::string& consumer = "stage") {
    const auto cursor = store_->cursor(consumer);
    EXPECT_TRUE(cursor);
    return cursor.value_or(std::nullopt);
  }
  std::optional<PinBatch> open_pin() {
    const auto pin = store_->open_pin(std::string(kRawLog));
    EXPECT_TRUE(pin);
    return pin.value_or(std::nullopt);
  }
};

class OutboxDeliveries : public OutboxConformance {
 protected:
  PutDelivery delivery(uint32_t n, PutDelivery::State state, Millis due = Millis{0},
                       const std::string& target = "stage") {
    return {.target = target,
            .position = position_of(n),
            .event_id = id_numbered(n),
            .state = state,
            .attempts = 2,
            .next_attempt_at = now_ + due,
            .reason = "422: no such channel",
            .first_failed_at = now_ - Millis{77}};
  }
  /// Makes an operator's order. Returns the number of letters that it changed.
  int64_t changed(const Write& order) { return std::get<DeadLettersChanged>(write({order}).at(0)).changed; }
  static std::vector<Uuid> ids(const Result<std::vector<PutDelivery>>& rows) {
    EXPECT_TRUE(rows);
    std::vector<Uuid> out;
    for (const PutDelivery& row : rows.value_or(std::vector<PutDelivery>{})) out.push_back(row.event_id);
    return out;
  }
};

/// Retention of events that retries or dead letters refer to.
class OutboxKept : public OutboxDeliveries {
 protected:
  /// Returns a step that removes every outbox row, and no ledger row or dead letter.
  RetentionStep outbox_only() { return {.outbox_before = now_ + Millis{1}, .held_by = {}}; }
  void retain_until_done(const RetentionStep& step) {
    while (retain(step) > 0) continue;
  }
};

inline constexpr Millis kLeaseSpan{6'000};

class OutboxLeases : public OutboxCursors {
 protected:
  LeaseTaken take(const std::string& holder, const std::string& name = "stage") {
    const auto results = write({TakeLease{.name = name, .holder = holder, .span = kLeaseSpan}});
    return results.empty() ? LeaseTaken{} : std::get<LeaseTaken>(results.front());
  }
};

class OutboxRetention : public OutboxCursors {
 protected:
  RetentionStep everything(std::vector<std::string> held_by = {}) {
    return {.outbox_before = now_ + Millis{1}, .ledger_before = now_ + Millis{1}, .held_by = std::move(held_by)};
  }
  int64_t retain_until_done(const RetentionStep& step) {
    int64_t removed = 0;
    while (const int64_t rows = retain(step)) removed += rows;
    return removed;
  }
};

}  // namespace vf::store::conformance
