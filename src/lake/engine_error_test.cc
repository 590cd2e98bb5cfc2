// Tests what the engine's codes mean. src/lake/chdb tests that the names of the codes are the engine's own.
#include "lake/engine_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace vf::lake {
namespace {

using testing::HasSubstr;

Code code_of(int number) { return engine_error(number, "text").code; }

TEST(EngineError, PassingCausesAreUnavailable) {
  for (const int number : {159, 202, 209, 210, 225, 241, 242, 243, 252, 285, 319, 394, 999}) {
    EXPECT_EQ(code_of(number), Code::unavailable) << number;
  }
}

TEST(EngineError, WrongPasswordIsUnavailableAndNamesTheRemedy) {
  for (const int number : {192, 193, 194, 516}) {
    const auto error = engine_error(number, "Code: 516. DB::Exception: default: Authentication failed");
    EXPECT_EQ(error.code, Code::unavailable) << number;
    EXPECT_THAT(error.message, HasSubstr("ingest.lake_password"));
  }
  EXPECT_THAT(engine_error(497, "x").message, HasSubstr("grant the user"));
  EXPECT_EQ(code_of(497), Code::unavailable);
}

TEST(EngineError, MissingTablesAreAConflictAndNameTheCommand) {
  EXPECT_EQ(code_of(60), Code::conflict);
  EXPECT_THAT(engine_error(81, "x").message, HasSubstr("vf migrate lake"));
}

TEST(EngineError, InsertIntoAMissingTableIsUnavailable) {
  EXPECT_EQ(insert_outcome(engine_error(60, "x")).error().code, Code::unavailable);
  EXPECT_EQ(insert_outcome(engine_error(117, "x")).error().code, Code::invalid);
  EXPECT_EQ(insert_outcome(engine_error(49, "x")).error().code, Code::internal);
  EXPECT_TRUE(insert_outcome({}));
}

TEST(EngineError, RowsThatCannotBeParsedAreInvalid) {
  for (const int number : {27, 33, 117, 376}) EXPECT_EQ(code_of(number), Code::invalid) << number;
}

TEST(EngineError, OtherCodesAreInternal) {
  const auto wrong = engine_error("Code: 62. DB::Exception: Syntax error\nmore");
  EXPECT_EQ(wrong.code, Code::internal);
  EXPECT_EQ(wrong.message, "lake: Code: 62. DB::Exception: Syntax error");
  EXPECT_EQ(code_of(115), Code::internal);
}

TEST(EngineError, WithoutACodeItIsUnavailable) {
  EXPECT_EQ(engine_error("something else").code, Code::unavailable);
  EXPECT_EQ(engine_error("").code, Code::unavailable);
}

TEST(EngineError, CodeIsReadFromNewAndOldWording) {
  EXPECT_EQ(engine_code("Code: 241. DB::Exception: Memory"), 241);
  EXPECT_EQ(engine_code("Code: 60, e.displayText() = DB::Exception: Table"), 60);
  EXPECT_EQ(engine_code("Code: "), 0);
  EXPECT_EQ(engine_code("no code"), 0);
}

TEST(EngineError, MessageIsOneShortLine) { EXPECT_LE(engine_error(std::string(1'000, 'x')).message.size(), 320u); }

TEST(EngineError, TableIsSortedAndNamesEachCodeOnce) {
  const auto codes = engine_codes();
  EXPECT_TRUE(std::ranges::adjacent_find(codes, std::greater_equal{}, &EngineCode::code) == codes.end());
}

const std::string kText = "Code: 241. DB::Exception: Memory limit. (MEMORY_LIMIT_EXCEEDED) (version 26.7.2.1)\n";

TEST(LateException, IsFoundByItsWordingAfterBinaryRows) {
  const std::string rows(1000, '\3');
  const std::string answer = rows + "\r\n" + kText;
  EXPECT_EQ(late_exception(answer, "", false), kText);
  EXPECT_EQ(late_exception(kText, "", false), kText);
  EXPECT_EQ(engine_error(*late_exception(answer, "", false)).code, Code::unavailable);
  EXPECT_EQ(late_exception(rows, "", false), std::nullopt);
  EXPECT_EQ(late_exception("", "", false), std::nullopt);
}

TEST(LateException, TextOfAnEventIsNotTakenForOne) {
  EXPECT_EQ(late_exception("rows" + kText, "", true), std::nullopt);
  EXPECT_EQ(late_exception("rows\r\n__exception__\r\nguessed\r\n" + kText, "abcdefghijklmnop", true), std::nullopt);
}

TEST(LateException, IsFoundByItsTagWhateverTheRowsContain) {
  const std::string tail =
      "\r\n__exception__\r\nabcdefghijklmnop\r\n" + kText + "84 abcdefghijklmnop\r\n__exception__\r\n";
  const std::string answer = "rows" + kText + tail;
  const auto found = late_exception(answer, "abcdefghijklmnop", true);
  ASSERT_TRUE(found);
  EXPECT_EQ(engine_error(*found).message, "lake: " + kText.substr(0, kText.size() - 1));
}

}  // namespace
}  // namespace vf::lake
