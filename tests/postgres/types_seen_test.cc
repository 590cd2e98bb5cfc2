// The types of the newest events of a shared store on PostgreSQL, for `vf doctor`.
#include "store/postgres/outbox/types_seen.h"

#include "postgres/outbox_fixture.h"

namespace vf::postgres_test {
namespace {

constexpr std::chrono::days kWeek{7};

class TypesSeenOnPostgres : public OutboxOnPostgres {
 protected:
  void add(const std::string& type, Instant received, int count = 1) {
    std::vector<Write> writes;
    for (int i = 0; i < count; ++i) {
      AddEvent event = adding(++numbers_, received);
      event.event.type = type;
      writes.emplace_back(std::move(event));
    }
    now_ = received;
    write(writes);
  }
  store::TypesSeen seen(size_t rows_max = 200'000) {
    auto found = store::postgres::types_seen(db_, {.from = kStart - kWeek, .rows_max = rows_max});
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(store::TypesSeen{});
  }
  static std::vector<std::string> types(const store::TypesSeen& seen) {
    std::vector<std::string> out;
    for (const auto& [source, type] : seen.types) out.push_back(source + " " + type);
    return out;
  }
  uint64_t numbers_ = 0;
};

TEST_F(TypesSeenOnPostgres, AreThoseReceivedInTheSpan) {
  EXPECT_TRUE(seen().types.empty());
  run(db_, fmt::format("SELECT ingest.add_outbox_days('{}', '{}')", to_rfc3339(kStart - kWeek).substr(0, 10),
                       to_rfc3339(kStart).substr(0, 10)));
  add("kick.old", kStart - kWeek - Millis{1});
  add("kick.first", kStart - kWeek);
  add("kick.orders/create", kStart, 2);
  const auto found = seen();
  EXPECT_THAT(types(found), testing::UnorderedElementsAre("kick kick.first", "kick kick.orders/create"));
  EXPECT_EQ(found.rows, 3u);
  EXPECT_EQ(found.oldest, kStart - kWeek);
  EXPECT_TRUE(found.complete);
}

TEST_F(TypesSeenOnPostgres, AreReadFromTheNewestRowsUpToTheBound) {
  add("kick.older", kStart);
  add("kick.newer", kStart, 3);
  EXPECT_THAT(types(seen(3)), testing::ElementsAre("kick kick.newer"));
  EXPECT_FALSE(seen(3).complete);
  EXPECT_EQ(seen(5).types.size(), 2u);
  EXPECT_TRUE(seen(5).complete);
}

}  // namespace
}  // namespace vf::postgres_test
