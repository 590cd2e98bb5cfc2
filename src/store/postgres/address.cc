#include "store/postgres/address.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <string_view>

namespace vf::store::postgres {
namespace {

constexpr const char* kUnreadable =
    "the address of the PostgreSQL database cannot be read: write postgresql://user@host:port/database, with "
    "special characters in its parts as %XX";

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

/// Returns the name of the parameter that libpq does not know; empty where that text may be a piece of a password.
std::string_view unknown_parameter(std::string_view address, std::string_view complaint) {
  constexpr std::string_view kWords = "invalid URI query parameter: \"";
  const size_t at = complaint.find(kWords);
  const size_t query = address.find('?');
  if (at == std::string_view::npos || address.find('@', query) != std::string_view::npos) return "";
  const std::string_view rest = complaint.substr(at + kWords.size());
  const std::string_view name = rest.substr(0, rest.find('"'));
  const auto is_name_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return std::ranges::all_of(name, is_name_letter) ? name : "";
}

/// Returns whether a password contains a '/'. libpq would take it for the end of host and port, and report the rest of
/// the password as the database's name.
bool hides_a_password(std::string_view address) {
  const size_t scheme = address.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view rest = address.substr(scheme + 3);
  const std::string_view before_query = rest.substr(0, rest.find('?'));
  const size_t last = before_query.rfind('@');
  return last != std::string_view::npos && before_query.find('/') < last;
}

Error unreadable(std::string_view address, std::string_view complaint) {
  const std::string_view name = unknown_parameter(address, complaint);
  if (name.empty()) return invalid(kUnreadable);
  return invalid(
      fmt::format("the address of the PostgreSQL database has a parameter '{}', which libpq does not know: leave it "
                  "out, or correct its name",
                  name));
}

bool names_database(const PQconninfoOption* option) {
  for (; option->keyword != nullptr; ++option) {
    const std::string_view keyword = option->keyword;
    if ((keyword == "dbname" || keyword == "service") && option->val != nullptr && *option->val != '\0') return true;
  }
  return false;
}

}  // namespace

Result<void> check_address(const std::string& address) {
  if (hides_a_password(address)) return invalid(kUnreadable);
  char* complaint = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(PQconninfoParse(address.c_str(), &complaint));
  const std::unique_ptr<char, decltype(&PQfreemem)> owned(complaint, &PQfreemem);
  if (!options) return unreadable(address, complaint == nullptr ? "" : complaint);
  if (names_database(options.get())) return {};
  return invalid(
      "the address of the PostgreSQL database names no database: write postgresql://user@host:port/database");
}

}  // namespace vf::store::postgres
