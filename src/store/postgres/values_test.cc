// Values to and from PostgreSQL without a server: texts of any bytes, times, addresses, the meaning of errors.
#include "store/postgres/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/bytes.h"
#include "store/postgres/address.h"
#include "store/postgres/sqlstate.h"
#include "store/postgres/text.h"

namespace vf::store::postgres {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string escaped(std::string_view bytes) {
  std::string out;
  append_text(out, bytes);
  return out;
}

TEST(PostgresText, OrdinaryTextIsUnchanged) {
  for (const char* text : {"", "channel/1", "{\"a\":\"é \\u0000 \xF0\x9F\x98\x80\"}"}) EXPECT_EQ(escaped(text), text);
}

TEST(PostgresText, BytesThatDoNotFitAreEscaped) {
  EXPECT_EQ(escaped(std::string("a\0b", 3)),
            "a\xEF\xB7\x90"
            "00b");
  EXPECT_EQ(escaped("é\xff"),
            "é\xEF\xB7\x90"
            "ff");
}

RC_GTEST_PROP(PostgresText, AnyBytesAreRestoredAndFitATextColumn, (const std::string& bytes)) {
  const std::string text = escaped(bytes);
  RC_ASSERT(from_text(text) == bytes);
  RC_ASSERT(is_utf8(text) && text.find('\0') == std::string::npos);
}

RC_GTEST_PROP(PostgresText, AMarkInTheInputIsEscaped, ()) {
  std::string bytes;
  for (int i = *rc::gen::inRange(0, 12); i > 0; --i) {
    bytes +=
        *rc::gen::element<std::string>("\xEF\xB7\x90", "\xEF", "\xB7", "ff", "a", "\xEF\xB7\x91", std::string(1, '\0'));
  }
  RC_ASSERT(from_text(escaped(bytes)) == bytes);
}

TEST(PostgresTime, IsRoundedDownToMilliseconds) {
  for (const int64_t ms : {0LL, 1LL, -1LL, 946'684'800'000LL, 946'684'799'999LL, 1'790'000'000'123LL}) {
    EXPECT_EQ(from_postgres_micros(to_postgres_micros(from_unix_millis(ms))), from_unix_millis(ms));
  }
  EXPECT_EQ(from_postgres_micros(-1), from_unix_millis(946'684'799'999));
  EXPECT_EQ(from_postgres_micros(999), from_unix_millis(946'684'800'000));
  EXPECT_EQ(from_postgres_micros(to_postgres_micros(Instant::max())), from_unix_millis(253'402'300'799'999));
  EXPECT_EQ(from_postgres_micros(to_postgres_micros(Instant::min())), from_unix_millis(-62'135'596'800'000));
}

TEST(PostgresErrors, OnlyTransientErrorsAreUnavailable) {
  const auto code = [](const char* sqlstate) {
    return translate({.sqlstate = sqlstate, .message = "why", .where = "host:5432/db"}).code;
  };
  for (const char* state :
       {"", "08006", "57P01", "57014", "53300", "53100", "40001", "40P01", "55P03", "25006", "28P01"}) {
    EXPECT_EQ(code(state), Code::unavailable) << state;
  }
  for (const char* state : {"22021", "22P05", "23514", "54000"}) EXPECT_EQ(code(state), Code::invalid) << state;
  EXPECT_EQ(code("23505"), Code::conflict);
  for (const char* state : {"42601", "42501", "42P01", "25P02", "XX001"})
    EXPECT_EQ(code(state), Code::internal) << state;
}

TEST(PostgresErrors, HavePlaceMessageAndRemedy) {
  const Error error = translate({"53100", "could not extend file\nHINT: x", "db1:5432/hub"});
  EXPECT_EQ(error.message,
            "PostgreSQL at db1:5432/hub: could not extend file (53100): the server's disk is full: free some space");
}

TEST(PostgresErrors, ARefusedConnectionDiffersFromASilentServer) {
  const auto message_for = [](const char* message) {
    const Error error = translate_refusal({.sqlstate = "", .message = message, .where = "b:5432/dm"});
    EXPECT_EQ(error.code, Code::unavailable);
    return error.message;
  };
  const std::string login = message_for(
      "connection to server at \"a\", port 5432 failed: Connection refused\n\tIs the server running on that host?\n"
      "connection to server at \"b\", port 5432 failed: FATAL:  password authentication failed for user \"vfapp\"\n");
  EXPECT_THAT(login, StartsWith("PostgreSQL at b:5432/dm: connection to server at \"b\""));
  EXPECT_THAT(login, AllOf(HasSubstr("failed for user \"vfapp\": "), HasSubstr("does not let this role in")));
  for (const char* message : {"connection to server at \"b\", port 1 failed: fe_sendauth: no password supplied\n",
                              "connection to server at \"b\" failed: FATAL:  role \"vfapp\" is not permitted to log in",
                              "connection to server failed: FATAL:  too many connections for role \"vfapp\"",
                              "connection to server failed: FATAL:  database \"dm\" does not exist"}) {
    EXPECT_THAT(message_for(message), AllOf(HasSubstr("PGPASSFILE"), Not(HasSubstr("no answer")))) << message;
  }
  for (const char* message : {"invalid sslmode value: \"sometimes\"\n",
                              "connection to server failed: server does not support SSL, but SSL was required\n",
                              "root certificate file \"/r.crt\" does not exist\n"}) {
    EXPECT_THAT(message_for(message), HasSubstr("correct sslmode")) << message;
  }
  EXPECT_THAT(message_for("connection to server failed: session is read-only\n"), HasSubstr("target_session_attrs"));
  for (const char* message : {"connection to server failed: Connection refused\n", "could not translate host name",
                              "connection to server failed: timeout expired\n"}) {
    EXPECT_THAT(message_for(message), HasSubstr("see that the server runs and can be reached")) << message;
  }
}

TEST(PostgresErrors, AnEndedConnectionNeedNotMeanAShutdown) {
  EXPECT_THAT(translate({"57P01", "terminating connection due to administrator command", "h:1/d"}).message,
              HasSubstr("the server ended the connection, or is shutting down or starting"));
}

TEST(PostgresAddress, MustNameADatabase) {
  for (const char* address : {"postgresql://u:p@h:1,i/dm?target_session_attrs=read-write", "postgresql:///dm?host=/s",
                              "postgresql://u:p?q@h/dm", "postgresql://h/?service=dm", "host=h dbname=dm"}) {
    EXPECT_TRUE(check_address(address)) << address;
  }
  for (const char* address : {"postgresql://u@h", "postgresql://u@h/", "postgresql://u@h?sslmode=require", "host=h"}) {
    const auto refused = check_address(address);
    ASSERT_FALSE(refused) << address;
    EXPECT_EQ(refused.error().code, Code::invalid);
    EXPECT_THAT(refused.error().message, HasSubstr("names no database")) << address;
  }
}

TEST(PostgresAddress, ErrorsQuoteNoneOfItsValues) {
  const auto unknown = check_address("postgresql://u:secret@h/dm?foo=bar");
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, AllOf(HasSubstr("'foo'"), Not(HasSubstr("bar")), Not(HasSubstr("secret"))));
  for (const char* address :
       {"postgresql://u:12/secret@h/dm", "postgresql://u:sec%ret@h/dm", "postgresql://u@secret?@h",
        "postgresql://u:a@b?secret=c@h/dm", "password=my secret=1 dbname=dm"}) {
    const auto refused = check_address(address);
    ASSERT_FALSE(refused) << address;
    EXPECT_EQ(refused.error().code, Code::invalid);
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("%XX"), Not(HasSubstr("sec")))) << address;
  }
}

TEST(PostgresErrors, AnUnusableServerIsLeft) {
  for (const char* state : {"", "08003", "57P01", "57P03", "25006"}) EXPECT_TRUE(needs_new_connection(state)) << state;
  for (const char* state : {"57014", "40P01", "23505", "55P03"}) EXPECT_FALSE(needs_new_connection(state)) << state;
}

}  // namespace
}  // namespace vf::store::postgres
