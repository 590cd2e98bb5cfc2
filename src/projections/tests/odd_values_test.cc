// One odd value in a body: every field that a projector reads is replaced by every odd value, one at a time. An odd
// value of an optional field changes the columns of that field only; an odd value of a field that the row cannot do
// without quarantines the event, with a reason that names the field; an odd value in a field that no projector reads
// changes nothing. The body without an odd value is the oracle.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "projections/tests/rows_test.h"

namespace vf::projections {
namespace {

using nlohmann::json;
using Columns = std::set<std::string>;

constexpr const char* kSurrogate = R"("Fake doc \ud83d")";
constexpr const char* kPast64 = "18446744073709551616";
constexpr const char* kZeroTime = R"("0001-01-01T00:00:00Z")";
constexpr const char* kOdd[] = {"\"\"",
                                "null",
                                "{}",
                                "[]",
                                "[[{\"a\":1}]]",
                                "1e400",
                                kPast64,
                                "-9223372036854775809",
                                kSurrogate,
                                "\"\\uDE00x\"",
                                "true",
                                "\"x\"",
                                "15e30",
                                kZeroTime,
                                "\"2025-13-14T16:00:00Z\""};

// What a field is to its projector, and which odd values it takes as they are.
enum class Role {
  optional,
  id,            // required: a positive integer
  integer,       // required
  text,          // required: digits of any length count as text
  time,          // required
  id_or_null,    // part of the key, with a value of its own for null
  flag_or_null,  // the same
  object,        // required
  array,         // required
};

struct Field {
  const char* pointer;
  const char* value;  // as JSON
  Role role = Role::optional;
  Columns columns = {};  // of an optional field: "table.column", or "table" for all columns of the table
};

struct Shape {
  const char* type;
  std::vector<Field> fields;
};

using Shapes = std::vector<Shape>;

const Field kChannel{"/broadcaster/user_id", "7", Role::id};

Shapes people_on_kick() {
  return {{"kick.channel.followed", {kChannel, {"/follower/user_id", "8", Role::id}}},
          {"kick.chat.message.sent",
           {kChannel,
            {"/sender/user_id", "8", Role::id},
            {"/sender/username",
             "\"s\"",
             Role::optional,
             {"chat_activity.sender_name", "chat_activity.updated_at", "chat_activity.event_id"}},
            {"/created_at",
             "\"2025-01-14T16:08:06Z\"",
             Role::optional,
             {"chat_activity.day", "chat_activity.first_message_at", "chat_activity.last_message_at",
              "chat_activity.updated_at"}}}},
          {"kick.moderation.banned",
           {kChannel,
            {"/banned_user/user_id", "8", Role::id},
            {"/moderator/user_id", "9", Role::optional, {"bans.moderator_id"}},
            {"/metadata/created_at", "\"2025-01-14T16:08:06Z\"", Role::time},
            {"/metadata/expires_at", "\"2025-01-14T17:08:06Z\"", Role::optional, {"bans.expires_at"}},
            {"/metadata/reason", "\"spam\"", Role::optional, {"bans.reason"}}}}};
}

Shapes purchases_on_kick() {
  return {{"kick.channel.reward.redemption.updated",
           {{"/id", "\"01KBHE78QE4HZY1617DK5FC7YD\"", Role::text},
            {"/broadcaster/user_id", "7", Role::optional, {"reward_redemptions.channel_id"}},
            {"/redeemer/user_id", "8", Role::optional, {"reward_redemptions.redeemer_id"}},
            {"/reward/id", "\"r1\"", Role::optional, {"reward_redemptions.reward_id"}},
            {"/reward/title", "\"Hug\"", Role::optional, {"reward_redemptions.reward_title"}},
            {"/reward/cost", "100", Role::optional, {"reward_redemptions.cost"}},
            {"/redeemed_at",
             "\"2025-12-02T22:54:19.323Z\"",
             Role::optional,
             {"reward_redemptions.redeemed_at", "reward_redemptions.details_at"}},
            {"/status",
             "\"accepted\"",
             Role::optional,
             {"reward_redemptions.status", "reward_redemptions.status_rank", "reward_redemptions.updated_at",
              "reward_redemptions.event_id"}}}},
          {"kick.channel.subscription.new",
           {kChannel,
            {"/subscriber/user_id", "8", Role::id},
            {"/duration", "3", Role::integer},
            {"/created_at", "\"2025-01-14T16:08:06Z\"", Role::time},
            {"/expires_at", "\"2025-04-14T16:08:06Z\"", Role::optional, {"subscriptions.expires_at"}}}},
          {"kick.channel.subscription.gifts",
           {kChannel,
            {"/gifter/user_id", "8", Role::id_or_null},
            {"/gifter/username", "\"g\"", Role::optional, {"gifted_subscriptions.gifter_name"}},
            {"/giftees/0/user_id", "9", Role::id},
            {"/giftees/0/username", "\"e\"", Role::optional, {"gifted_subscriptions.giftee_name"}},
            {"/created_at", "\"2025-01-14T16:08:06Z\"", Role::time},
            {"/expires_at", "\"2025-02-14T16:08:06Z\"", Role::optional, {"gifted_subscriptions.expires_at"}}}},
          {"kick.channel.subscription.gifts",
           {kChannel,
            {"/created_at", "\"2025-01-14T16:08:06Z\"", Role::time},
            {"/giftees", "[{\"user_id\":9}]", Role::array}}},
          {"kick.kicks.gifted",
           {kChannel,
            {"/sender/user_id", "8", Role::id},
            {"/created_at", "\"2025-01-14T16:08:06.5Z\"", Role::time},
            {"/gift/type", "\"BASIC\"", Role::text},
            {"/gift/amount", "500", Role::integer},
            {"/gift/name", "\"Rage\"", Role::optional, {"kicks_gifts.name"}},
            {"/gift/tier", "\"MID\"", Role::optional, {"kicks_gifts.tier"}},
            {"/gift/message", "\"hi\"", Role::optional, {"kicks_gifts.message"}},
            {"/gift/pinned_time_seconds", "60", Role::optional, {"kicks_gifts.pinned_seconds"}},
            {"/sender/username", "\"s\"", Role::optional, {"kicks_gifts.sender_name"}}}}};
}

Shapes streams_on_kick() {
  return {{"kick.livestream.metadata.updated",
           {kChannel,
            {"/broadcaster/channel_slug", "\"slug\"", Role::optional, {"channels.slug"}},
            {"/metadata/title", "\"t\"", Role::optional, {"channels.title"}},
            {"/metadata/language", "\"en\"", Role::optional, {"channels.language"}},
            {"/metadata/category/id", "5", Role::optional, {"channels.category_id"}},
            {"/metadata/category/name", "\"Chess\"", Role::optional, {"channels.category_name"}}}},
          {"kick.livestream.metadata.updated", {kChannel, {"/metadata", "{\"title\":\"t\"}", Role::object}}},
          {"kick.livestream.status.updated",
           {kChannel,
            {"/started_at", "\"2025-01-01T00:00:00Z\"", Role::time},
            {"/is_live", "false"},
            {"/title",
             "\"t\"",
             Role::optional,
             {"livestreams.title", "livestreams.title_at", "livestreams.title_event_id"}},
            {"/ended_at", "\"2025-01-01T04:00:00Z\"", Role::time}}},
          {"kick.livestream.status.updated",
           {kChannel,
            {"/started_at", "\"2025-01-01T00:00:00Z\"", Role::time},
            {"/is_live", "true"},
            {"/ended_at", "null", Role::optional}}},
          {"kick.viewers.sampled",
           {{"/broadcaster_user_id", "7", Role::id},
            {"/sampled_at", "\"2025-01-01T01:00:00Z\"", Role::time},
            {"/slug", "\"slug\"", Role::optional, {"channels.slug"}},
            {"/title", "\"t\"", Role::optional, {"channels.title"}},
            {"/language", "\"en\"", Role::optional, {"channels.language", "viewer_samples.language"}},
            {"/category/id", "5", Role::optional, {"channels.category_id", "viewer_samples.category_id"}},
            {"/category/name", "\"Chess\"", Role::optional, {"channels.category_name", "viewer_samples.category_name"}},
            {"/viewer_count", "42", Role::optional, {"viewer_samples.viewer_count"}},
            {"/live", "true", Role::optional, {"viewer_samples.live", "channels", "livestreams"}},
            {"/stream_started_at",
             "\"2025-01-01T00:00:00Z\"",
             Role::optional,
             {"viewer_samples.stream_started_at", "livestreams"}}}}};
}

Shapes checks_and_profiles() {
  const Field millis{"/createdAtMs", "\"2024-01-01 00:00:00.999\"", Role::time};
  const Field applicant{"/applicantId", "\"a1\"", Role::text};
  const Field external{
      "/externalUserId",
      "\"u1\"",
      Role::optional,
      {"applicants.external_user_id", "applicants.external_user_at", "applicants.external_user_event_id"}};
  const Field status{"/reviewStatus",
                     "\"completed\"",
                     Role::optional,
                     {"applicants.status", "applicants.status_at", "applicants.status_event_id"}};
  const Field sandbox{"/sandboxMode", "false", Role::flag_or_null};
  const Field level{"/levelName",
                    "\"basic\"",
                    Role::optional,
                    {"applicants.level", "applicants.level_at", "applicants.level_event_id", "applicant_reviews"}};
  return {{"sumsub.applicantPending", {applicant, millis, sandbox, external, status, level}},
          {"sumsub.applicantReset", {applicant, millis, sandbox, external, status, level}},
          // Both times mean the same millisecond here, so either of them will do.
          {"sumsub.applicantPending",
           {applicant,
            {"/createdAtMs", "\"2024-01-01 00:00:00.999\""},
            {"/createdAt", "\"2024-01-01 00:00:00+0000\""},
            level}},
          {"sumsub.applicantReviewed",
           {applicant,
            millis,
            sandbox,
            external,
            status,
            {"/levelName", "\"basic\"", Role::text},
            {"/reviewResult/reviewAnswer", "\"RED\"", Role::text},
            {"/reviewResult/reviewRejectType", "\"FINAL\"", Role::optional, {"applicant_reviews.reject_type"}},
            {"/reviewResult/rejectLabels", "[\"FORGERY\"]", Role::optional, {"applicant_reviews.reject_labels"}}}},
          {"x.followers.sampled",
           {{"/user_id", "\"44196397\"", Role::text},
            {"/sampled_at", "\"2025-01-01T01:00:59Z\"", Role::time},
            {"/username", "\"vf\"", Role::optional, {"x_follower_samples.username"}},
            {"/followers_count", "5", Role::optional, {"x_follower_samples.followers_count"}}}}};
}

const Shapes& shapes() {
  static const Shapes all = [] {
    Shapes joined;
    for (const auto& some : {people_on_kick(), purchases_on_kick(), streams_on_kick(), checks_and_profiles()}) {
      joined.insert(joined.end(), some.begin(), some.end());
    }
    return joined;
  }();
  return all;
}

// Returns the shape's body in which `changed` has the members `members` ("KEY" stands for its name) instead of one.
std::string body_of(const Shape& shape, const Field* changed = nullptr, std::string_view members = {}) {
  json body = json::object();
  for (const auto& field : shape.fields) {
    body[json::json_pointer(field.pointer)] = &field == changed ? json("@") : json::parse(field.value);
  }
  std::string text = body.dump();
  if (changed == nullptr) return text;
  const std::string pointer = changed->pointer;
  const std::string name = '"' + pointer.substr(pointer.rfind('/') + 1) + '"';
  std::string put(members);
  for (size_t at = put.find("KEY"); at != std::string::npos; at = put.find("KEY")) put.replace(at, 3, name);
  return replaced(text, name + ":\"@\"", put);
}

// Every column of the rows, stamps included, by "table.column".
std::map<std::string, std::vector<std::optional<store::Value>>> read(const std::vector<store::Row>& rows) {
  Fold fold;
  fold.add(rows);
  std::map<std::string, std::vector<std::optional<store::Value>>> out;
  for (const auto& row : fold.read()) {
    const auto table = std::get<std::string>(*row.at("(table)"));
    for (const auto& [column, value] : row) {
      if (column != "(table)") out[table + "." + column].push_back(value);
    }
  }
  return out;
}

bool is_one_of(const std::string& column, const Columns& columns) {
  return columns.contains(column) || columns.contains(column.substr(0, column.find('.')));
}

void expect_others_equal(const store::Projection& got, const store::Projection& want, const Columns& may_differ) {
  ASSERT_EQ(got.status, store::Applied::applied) << got.reason;
  const auto odd = read(got.rows);
  const auto good = read(want.rows);
  Columns names;
  for (const auto& [column, values] : odd) names.insert(column);
  for (const auto& [column, values] : good) names.insert(column);
  for (const auto& column : names) {
    if (is_one_of(column, may_differ)) continue;
    ASSERT_TRUE(odd.contains(column) && good.contains(column)) << column;
    EXPECT_EQ(odd.at(column), good.at(column)) << column;
  }
}

// Is this odd value a proper one for a field of this role?
bool takes(Role role, std::string_view value) {
  const bool integer_text = value == kPast64 || value == "-9223372036854775809";
  const bool text = value == "\"x\"" || value == kZeroTime || value.starts_with("\"2025-");
  switch (role) {
    case Role::optional:
      return true;
    case Role::text:
      return integer_text || text;
    case Role::id_or_null:
      return value == "null";
    case Role::flag_or_null:
      return value == "null" || value == "true";
    case Role::object:
      return value == "{}";
    case Role::array:
      return value == "[]";
    default:
      return false;
  }
}

void try_field(const Shape& shape, const Field& field, std::string_view odd) {
  SCOPED_TRACE(std::string(shape.type) + " " + field.pointer + " = " + std::string(odd));
  const auto good = project(event_of(shape.type, body_of(shape)));
  ASSERT_EQ(good.status, store::Applied::applied) << good.reason;
  const std::string with_odd = "KEY:" + std::string(odd);
  const auto got = project(event_of(shape.type, body_of(shape, &field, with_odd)));
  if (field.role == Role::optional) {
    expect_others_equal(got, good, field.columns);
  } else if (takes(field.role, odd)) {
    EXPECT_EQ(got.status, store::Applied::applied) << got.reason;
  } else {
    EXPECT_EQ(got.status, store::Applied::quarantined);
    EXPECT_TRUE(got.reason.starts_with(field.pointer)) << got.reason;
  }
  // Of repeated keys the last one counts.
  const std::string proper = std::string("KEY:") + field.value;
  expect_others_equal(project(event_of(shape.type, body_of(shape, &field, with_odd + "," + proper))), good, {});
  const auto last_odd = project(event_of(shape.type, body_of(shape, &field, proper + "," + with_odd)));
  EXPECT_EQ(last_odd.status, got.status);
  EXPECT_EQ(last_odd.reason, got.reason);
  EXPECT_EQ(read(last_odd.rows), read(got.rows));
}

// createdAt is asked for where createdAtMs is null, so the reason names it.
bool names_another_field(const Field& field, std::string_view odd) {
  return field.pointer == std::string_view("/createdAtMs") && odd == "null";
}

TEST(OddValues, AffectTheirOwnColumnsOrNameTheFieldOfTheKey) {
  for (const auto& shape : shapes()) {
    for (const auto& field : shape.fields) {
      for (const char* odd : kOdd) {
        if (!names_another_field(field, odd)) try_field(shape, field, odd);
      }
    }
  }
}

TEST(OddValues, EveryProjectorIsTried) {
  for (const auto& entry : registry()) {
    const bool tried = std::ranges::any_of(shapes(), [&](const Shape& shape) {
      return std::ranges::any_of(registry(), [&](const Registration& other) {
        return other.type == shape.type && other.project == entry.project;
      });
    });
    // These differ from a projector that is tried in constants only.
    const bool alike = entry.type == "kick.channel.subscription.renewal" || entry.type.starts_with("sumsub.applicant");
    EXPECT_TRUE(tried || alike) << entry.type;
  }
}

TEST(OddValues, OfFieldsThatNoProjectorReadsChangeNothing) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  for (const auto& shape : shapes()) {
    const std::string good = body_of(shape);
    const auto want = project(event_of(shape.type, good));
    for (const std::string& odd : {std::string(kSurrogate), std::string(kPast64), std::string("1e400"), deep,
                                   std::string("{\"a\":1,\"a\":2}"), std::string("\"\xff\xfe\"")}) {
      const std::string in_front = "{\"other\":" + odd + "," + good.substr(1);
      const std::string behind = good.substr(0, good.size() - 1) + ",\"other\":" + odd + "}";
      for (const std::string& body : {in_front, behind, "\xef\xbb\xbf" + good, " \r\n" + good + "\n"}) {
        SCOPED_TRACE(std::string(shape.type) + " " + body);
        expect_others_equal(project(event_of(shape.type, body)), want, {});
      }
    }
  }
}

TEST(OddValues, IdsAsTextAreTheSameRows) {
  const auto rows =
      rows_of(event_of("kick.channel.followed", R"({"broadcaster":{"user_id":"21"},"follower":{"user_id":"22"}})"));
  EXPECT_EQ(cell(rows.at(0), "channel_id"), integer(21));
  EXPECT_EQ(cell(rows.at(0), "follower_id"), integer(22));
}

}  // namespace
}  // namespace vf::projections
