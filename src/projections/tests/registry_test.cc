#include <algorithm>
#include <filesystem>
#include <set>

#include "event/envelope_reader.h"
#include "projections/tests/rows_test.h"

namespace vf::projections {
namespace {

TEST(Registry, HasEachTypeOnceAndTheTablesInOrder) {
  std::set<std::string_view> types;
  for (const auto& entry : registry()) EXPECT_TRUE(types.insert(entry.type).second) << entry.type;
  EXPECT_EQ(table(TableId::applicant_reviews).name, "applicant_reviews");
  EXPECT_EQ(table(TableId::livestreams).name, "livestreams");
  EXPECT_EQ(table(TableId::x_follower_samples).name, "x_follower_samples");
}

TEST(Registry, ColumnsOfAGroupShareOneRule) {
  for (const auto& table : tables()) {
    for (size_t group = 0; group < table.groups.size(); ++group) {
      const auto rule = store::rule_of(table, group);
      for (const auto& column : table.columns) {
        const bool grouped =
            column.merge != store::Merge::key && column.merge != store::Merge::min && column.merge != store::Merge::max;
        if (grouped && column.group == group) EXPECT_EQ(column.merge, rule) << table.name << "." << column.name;
      }
      EXPECT_TRUE(may_depend_on_delivery(table.groups[group].by_column)) << table.groups[group].by_column;
      EXPECT_EQ(table.groups[group].rank_column.empty(), rule != store::Merge::rank) << table.name;
    }
  }
}

TEST(Registry, AnUnknownTypeIsIgnored) {
  const auto projection = project(event_of("kick.drops.claim", "{}"));
  EXPECT_EQ(projection.status, store::Applied::ignored);
  EXPECT_TRUE(projection.rows.empty());
}

TEST(Registry, AnUnrecognisedTypeIsQuarantinedWhereItsSourceHasProjectors) {
  for (const char* source : {"kick", "sumsub", "x"}) {
    const auto projection = project(event_of(std::string(source) + ".unrecognised", "no json"));
    EXPECT_EQ(projection.status, store::Applied::quarantined) << source;
    EXPECT_EQ(projection.reason, "the body names no type, or contradicts its type header");
    EXPECT_FALSE(projection.envelope.empty());
  }
  for (const char* type : {"orders.unrecognised", "kick2.unrecognised", "kick.sub.unrecognised", "kick.unrecognised.x",
                           "kick.not-unrecognised", ".unrecognised", "unrecognised"}) {
    EXPECT_EQ(project(event_of(type, "{}")).status, store::Applied::ignored) << type;
  }
}

TEST(Registry, AQuarantinedEventKeepsItsEnvelope) {
  Event event = event_of("kick.channel.followed", "{\"half\":");
  event.is_json = false;
  const auto projection = project(event);
  EXPECT_EQ(projection.status, store::Applied::quarantined);
  EXPECT_TRUE(projection.reason.starts_with("the body is not JSON")) << projection.reason;
  const auto back = read_envelopes(projection.envelope, 1);
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_EQ(back->at(0).id, event.id);
  EXPECT_EQ(back->at(0).body, event.body);
}

TEST(Registry, OddBodiesAreRefusedNotFatal) {
  for (const std::string& body :
       {std::string(), std::string("null"), std::string("[]"), std::string("\xff\xfe"), std::string("\0", 1),
        std::string("\"text\""), std::string(100'000, '['), std::string("{\"broadcaster\":[]}")}) {
    for (const auto& entry : registry()) {
      EXPECT_NE(reason_of(event_of(std::string(entry.type), body)), "") << entry.type << " " << body.substr(0, 20);
    }
  }
}

TEST(Registry, NulInATextBecomesTheReplacementCharacter) {
  const std::string body = R"({"broadcaster":{"user_id":1},"metadata":{"title":"a\u0000b"}})";
  EXPECT_EQ(cell(rows_of(event_of("kick.livestream.metadata.updated", body)).at(0), "title"), text("a\xef\xbf\xbd"
                                                                                                   "b"));
}

// The event type of a fixture: the longest registered type that its file name begins with.
std::string type_of(const std::string& source, const std::string& file) {
  std::string best;
  for (const auto& entry : registry()) {
    const auto bare = std::string(entry.type.substr(entry.type.find('.') + 1));
    if (entry.type.starts_with(source + ".") && file.starts_with(bare + ".") && bare.size() > best.size()) best = bare;
  }
  return best.empty() ? "" : source + "." + best;
}

TEST(Registry, EveryFixtureIsProjectedOrIgnoredByDesign) {
  const std::set<std::string> ignored_by_design = {"drops.claim", "applicantAction", "applicantKyt",
                                                   "kytCase",     "amlCase",         "videoIdent"};
  size_t projected = 0;
  for (const std::string folder : {"kick", "kick-real", "kick-real/unsigned", "sumsub", "sumsub/synthetic"}) {
    for (const auto& file : std::filesystem::directory_iterator(std::string(VF_FIXTURES) + "/" + folder)) {
      const std::string name = file.path().filename();
      const bool body = name.ends_with(".body") || (name.ends_with(".json") && !name.ends_with(".headers.json"));
      if (!file.is_regular_file() || !body || name == "index.json") continue;
      const std::string type = type_of(folder.substr(0, folder.starts_with("kick") ? 4 : 6), name);
      if (type.empty()) {
        const bool by_design = std::ranges::any_of(ignored_by_design, [&](auto& it) { return name.starts_with(it); });
        EXPECT_TRUE(by_design) << folder << "/" << name;
        continue;
      }
      EXPECT_FALSE(rows_of(event_of(type, fixture(folder + "/" + name))).empty()) << folder << "/" << name;
      ++projected;
    }
  }
  EXPECT_EQ(projected, 34u);
}

}  // namespace
}  // namespace vf::projections
