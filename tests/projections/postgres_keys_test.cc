// The longest texts that projectors put into keys and indexed columns fit PostgreSQL's index entries.
#include <fmt/format.h>

#include <random>

#include "postgres/server.h"
#include "projections/body.h"
#include "projections/tests/rows_test.h"
#include "store/postgres/environment/environment.h"

namespace vf::projections {
namespace {

// Random, so that the server cannot compress it.
std::string random_text(uint64_t seed, size_t bytes) {
  constexpr std::string_view kLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
  std::mt19937_64 random(seed);
  std::string out(bytes, ' ');
  for (char& c : out) c = kLetters[random() % kLetters.size()];
  return out;
}

TEST(PostgresKeys, OfTheBoundAreStored) {
  const std::string url = postgres_test::Server::shared().fresh_database();
  const auto migrated = store::postgres::migrate_environment(url, "stage");
  ASSERT_TRUE(migrated) << migrated.error().message;
  auto store = store::postgres::open_environment({.url = url, .environment = "stage", .tables = tables()});
  ASSERT_TRUE(store) << store.error().message;
  const auto body = fmt::format(
      R"({{"applicantId":"{}","levelName":"{}","externalUserId":"{}","createdAtMs":"2024-01-01 00:00:00.001"}})",
      random_text(1, kKeyTextBytesMax), random_text(2, kKeyTextBytesMax), random_text(3, kKeyTextBytesMax));
  const std::vector<store::Projection> projections{project(event_of("sumsub.applicantPending", body))};
  ASSERT_EQ(projections[0].rows.size(), 2u);
  const auto applied = (*store)->apply(projections, at("2024-01-01T00:00:01Z"), nullptr);
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_EQ(applied->front(), store::Applied::applied);
}

}  // namespace
}  // namespace vf::projections
