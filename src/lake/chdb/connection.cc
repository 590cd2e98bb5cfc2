#include "lake/chdb/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace vf::lake::chdb {
namespace {

constexpr std::string_view kFormat = "RowBinary";
constexpr size_t kAppendBytes = 1u << 20;  // the engine copies what is appended and queues at most 16 pieces

// Codes that say the statement or its data is wrong, so that trying again cannot help.
// https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
constexpr std::array kOurFault = {6,  10, 16, 27, 33, 36,  43,  44,  46,  47, 50,
                                  53, 57, 60, 62, 81, 115, 117, 130, 179, 386};

struct FreeAnswer {
  const Library& library;
  void operator()(Answer* answer) const { library.answer_free(answer); }
};
struct FreeInsert {
  const Library& library;
  void operator()(InsertStream* stream) const { library.insert_free(stream); }
};

}  // namespace

Error engine_error(std::string_view message) {
  constexpr std::string_view kCode = "Code: ";
  constexpr size_t kLengthMax = 300;
  int code = 0;
  if (const size_t at = message.find(kCode); at != std::string_view::npos) {
    std::from_chars(message.data() + at + kCode.size(), message.data() + message.size(), code);
  }
  const auto line = message.substr(0, std::min(message.find('\n'), kLengthMax));
  const bool ours = std::ranges::find(kOurFault, code) != kOurFault.end();
  return {ours ? Code::internal : Code::unavailable, fmt::format("lake: {}", line)};
}

Result<std::unique_ptr<Connection>> Connection::open(const Library& library,
                                                     const std::vector<std::string>& arguments) {
  std::vector<std::string> owned{"chdb"};
  owned.insert(owned.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& argument : owned) argv.push_back(argument.data());
  Handle** handle = library.connect(static_cast<int>(argv.size()), argv.data());
  if (!handle) return unavailable("lake: the chDB engine does not start; its reason is on stderr");
  return std::unique_ptr<Connection>(new Connection(library, handle));
}

Connection::~Connection() { library_.close(handle_); }

Result<std::string> Connection::query(const std::string& sql) {
  const std::unique_ptr<Answer, FreeAnswer> answer(
      library_.query(*handle_, sql.data(), sql.size(), kFormat.data(), kFormat.size()), FreeAnswer{library_});
  if (const char* error = library_.answer_error(answer.get())) return engine_error(error);
  const size_t size = library_.answer_size(answer.get());
  return size == 0 ? std::string{} : std::string(library_.answer_bytes(answer.get()), size);
}

Result<bool> Connection::insert(const std::string& sql, std::string_view rows) {
  const std::unique_ptr<InsertStream, FreeInsert> stream(
      library_.insert_begin(*handle_, sql.data(), sql.size(), kFormat.data(), kFormat.size()), FreeInsert{library_});
  if (const char* error = library_.insert_error(stream.get())) return engine_error(error);
  for (; !rows.empty(); rows.remove_prefix(std::min(rows.size(), kAppendBytes))) {
    if (library_.insert_append(stream.get(), rows.data(), std::min(rows.size(), kAppendBytes)) != 0) {
      const char* error = library_.insert_error(stream.get());
      return engine_error(error ? error : "the insert was refused");
    }
  }
  const std::unique_ptr<Answer, FreeAnswer> answer(library_.insert_done(stream.get()), FreeAnswer{library_});
  if (const char* error = library_.answer_error(answer.get())) return engine_error(error);
  return true;
}

}  // namespace vf::lake::chdb
