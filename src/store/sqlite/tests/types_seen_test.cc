// The types of the newest events, read from the file of a store that is open.
#include "store/sqlite/types_seen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/sqlite/outbox.h"
#include "store/temporary_folder_test.h"

namespace vf::store::sqlite {
namespace {

constexpr Instant kNow{Millis{1'790'000'000'000}};
constexpr std::chrono::days kWeek{7};

class SqliteTypesSeen : public testing::Test {
 protected:
  SqliteTypesSeen() {
    auto store = open_outbox({.path = path_, .now = kNow});
    EXPECT_TRUE(store) << store.error().message;
    store_ = *std::move(store);
  }
  void add(const std::string& type, Instant received, uint32_t count = 1) {
    std::vector<Write> writes;
    for (uint32_t i = 0; i < count; ++i) {
      AddEvent add;
      const uint32_t n = ++numbers_;
      for (size_t byte = 0; byte < 4; ++byte) add.event.id.bytes[byte] = static_cast<uint8_t>(n >> (24 - 8 * byte));
      add.event.source = type.substr(0, type.find('.'));
      add.event.type = type;
      add.event.is_json = true;
      add.event.body = "{}";
      writes.push_back(std::move(add));
    }
    ASSERT_TRUE(store_->write(writes, received, nullptr));
  }
  TypesSeen seen(size_t rows_max = 200'000) {
    auto found = types_seen(path_, {.from = kNow - kWeek, .rows_max = rows_max});
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(TypesSeen{});
  }
  static std::vector<std::string> types(const TypesSeen& seen) {
    std::vector<std::string> out;
    for (const auto& [source, type] : seen.types) out.push_back(source + " " + type);
    return out;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("dm.db");
  std::unique_ptr<OutboxStore> store_;
  uint32_t numbers_ = 0;
};

TEST_F(SqliteTypesSeen, OfAnEmptyStoreAndOfNoFileAreNone) {
  EXPECT_TRUE(seen().types.empty());
  EXPECT_TRUE(seen().complete);
  const auto none = types_seen(folder_.file("other.db"), {.from = kNow});
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->types.empty());
}

TEST_F(SqliteTypesSeen, AreThoseReceivedInTheSpan) {
  add("kick.old", kNow - kWeek - Millis{1});
  add("kick.first", kNow - kWeek);
  add("shop.orders/create", kNow, 2);
  const auto found = seen();
  EXPECT_THAT(types(found), testing::UnorderedElementsAre("kick kick.first", "shop shop.orders/create"));
  EXPECT_EQ(found.rows, 3u);
  EXPECT_EQ(found.oldest, kNow - kWeek);
  EXPECT_TRUE(found.complete);
}

TEST_F(SqliteTypesSeen, AreReadFromTheNewestRowsUpToTheBound) {
  add("kick.older", kNow);
  add("kick.newer", kNow, 3);
  EXPECT_THAT(types(seen(3)), testing::ElementsAre("kick kick.newer"));
  EXPECT_FALSE(seen(3).complete);
  EXPECT_EQ(seen(3).rows, 3u);
  EXPECT_EQ(seen(4).types.size(), 2u);
  EXPECT_TRUE(seen(4).complete);
}

TEST_F(SqliteTypesSeen, AreReadInManySteps) {
  add("kick.older", kNow);
  add("kick.newer", kNow, 20'001);
  EXPECT_EQ(seen().types.size(), 2u);
  EXPECT_EQ(seen().rows, 20'002u);
  EXPECT_EQ(seen(20'001).types.size(), 1u);
}

}  // namespace
}  // namespace vf::store::sqlite
