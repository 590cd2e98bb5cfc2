// OutboxTransaction: applies writes to the content of a MemoryOutbox, and can undo them. Lives for one transaction,
// under the mutex of the store.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/outbox_store.h"
#include "store/run_table.h"

namespace vf::store::memory {

/// The content of a MemoryOutbox.
struct OutboxState {
  struct LedgerRow {
    Instant received;
    std::optional<std::string> body_key;
  };
  struct Lease {
    std::string holder;
    int64_t epoch = 0;
    Instant until;
  };

  std::map<Position, OutboxRow> rows;
  std::map<Uuid, Position> positions;
  std::map<Uuid, LedgerRow> ledger;
  std::map<std::pair<std::string, std::string>, Uuid> body_keys;  // key: (source, body key)
  std::map<std::string, Position> cursors;
  std::map<std::string, std::string> versions;  // of the newest row of each cursor
  std::map<std::string, PinBatch> pins;
  std::map<std::string, std::vector<BatchRow>> batches;
  std::map<std::pair<std::string, Uuid>, PutDelivery> deliveries;
  std::map<Uuid, OutboxRow> kept;  // events whose outbox row is gone, for their dead letters
  std::map<std::string, Lease> leases;
  std::map<std::string, std::string> settings;
  std::vector<AuditRow> audit;
  int64_t last_audit = 0;  // the number of the newest entry ever added
  RunTable runs;
  uint64_t last_seq = 0;  // the last number assigned; a transaction that is rolled back leaves a gap
  Position newest;        // of the newest row ever committed, even if it was purged
  Position purged;        // of the newest row that was purged
};

class OutboxTransaction {
 public:
  OutboxTransaction(OutboxState& state, Instant now) : state_(state), now_(now) {}

  Result<WriteResult> apply(const Write& write);
  /// Undoes every write that was applied.
  void roll_back();

 private:
  // Sets map[key], or removes it when `value` is nullopt; roll_back() undoes it.
  template <class Map>
  void assign(Map& map, const typename Map::key_type& key, std::optional<typename Map::mapped_type> value) {
    const auto at = map.find(key);
    std::optional<typename Map::mapped_type> before;
    if (at != map.end()) before = std::move(at->second);
    undo_.push_back([&map, key, before] {
      if (before) {
        map.insert_or_assign(key, *before);
      } else {
        map.erase(key);
      }
    });
    if (value) {
      map.insert_or_assign(key, std::move(*value));
    } else {
      map.erase(key);
    }
  }

  Result<WriteResult> put(const AddEvent& add);
  Result<void> check_lease(const std::string& name, int64_t epoch);
  Result<WriteResult> put(const TakeLease& take);
  Result<WriteResult> put(const DropLease& drop);
  Result<void> check_range(const std::string& consumer, Position from, Position to);
  Result<WriteResult> put(const AdvanceCursor& move);
  Result<WriteResult> put(const PinBatch& pin);
  Result<WriteResult> put(const PutDelivery& row);
  Result<WriteResult> put(const DropDelivery& drop);
  Result<WriteResult> put(const RetryDeadLetters& retry);
  Result<WriteResult> put(const DropDeadLetters& drop);
  Result<WriteResult> put(const StartConsumer& start);
  Result<WriteResult> put(const MoveCursor& move);
  Result<WriteResult> put(const PutSetting& setting);
  Result<WriteResult> put(const AddAudit& entry);
  Result<WriteResult> put(const RetentionStep& step);
  Result<WriteResult> put(const RunWrite& write);
  bool is_dead(const std::string& target, Uuid event_id) const;
  std::vector<PutDelivery> deliveries_of(Uuid event_id) const;
  // Deletes the deliveries of an event up to a position.
  void remove_deliveries(const Event& event);
  // Called before the outbox row is deleted: keeps its event if it has deliveries, which are dead letters from now on.
  void part_from(const OutboxRow& row, const RetentionStep& step);
  int64_t remove_kept(const RetentionStep& step);
  int64_t remove_audit(const RetentionStep& step);

  OutboxState& state_;
  const Instant now_;
  std::vector<std::function<void()>> undo_;
};

}  // namespace vf::store::memory
