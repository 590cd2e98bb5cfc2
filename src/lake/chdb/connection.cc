#include "lake/chdb/connection.h"

#include <algorithm>

#include "lake/engine_error.h"

namespace vf::lake::chdb {
namespace {

constexpr std::string_view kFormat = "RowBinary";
constexpr size_t kAppendBytes = 1u << 20;  // the engine copies what is appended and queues at most 16 pieces

struct FreeAnswer {
  const Library& library;
  void operator()(Answer* answer) const { library.answer_free(answer); }
};
struct FreeInsert {
  const Library& library;
  void operator()(InsertStream* stream) const { library.insert_free(stream); }
};

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const Library& library,
                                                     const std::vector<std::string>& arguments) {
  std::vector<std::string> owned{"chdb"};
  owned.insert(owned.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& argument : owned) argv.push_back(argument.data());
  Handle** handle = library.connect(static_cast<int>(argv.size()), argv.data());
  if (!handle) return unavailable("lake: the chDB engine does not start; it writes the reason to stderr");
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

Result<void> Connection::insert(const std::string& sql, std::string_view rows) {
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
  return {};
}

}  // namespace vf::lake::chdb
