// Result and Error: every function of this project that can fail returns a Result. Exceptions do not cross a module's
// header. Only the code `unavailable` is worth a retry.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace vf {

enum class Code {
  invalid,       // the input is wrong: the same input will fail again
  unauthorized,  // not verified, or not allowed
  not_found,
  conflict,     // another writer was first
  unavailable,  // a store or peer is away; the only code that is retried
  internal,     // a defect of this program
};

std::string_view to_string(Code code);

/// A code for machines and a sentence for people. The sentence never holds a secret or a body.
struct Error {
  Code code = Code::internal;
  std::string message;
};

/// A value or an Error. `[[nodiscard]]`: the caller returns or logs an error, and never drops it.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  Result(Error error) : std::expected<T, Error>(std::unexpect, std::move(error)) {}
};

inline Error invalid(std::string message) { return {Code::invalid, std::move(message)}; }
inline Error unauthorized(std::string message) { return {Code::unauthorized, std::move(message)}; }
inline Error not_found(std::string message) { return {Code::not_found, std::move(message)}; }
inline Error conflict(std::string message) { return {Code::conflict, std::move(message)}; }
inline Error unavailable(std::string message) { return {Code::unavailable, std::move(message)}; }
inline Error internal(std::string message) { return {Code::internal, std::move(message)}; }

/// Ends the process because an invariant is broken, in release builds too: a wrong hub is worse than a stopped one.
[[noreturn]] void broken_invariant(const char* what, const char* file, int line);

}  // namespace vf

#define VF_CONCATENATE_(a, b) a##b
#define VF_CONCATENATE(a, b) VF_CONCATENATE_(a, b)

/// Returns the error of a Result from the enclosing function; does nothing when the Result has a value.
#define VF_TRY(...) VF_TRY_(VF_CONCATENATE(vf_result_, __COUNTER__), __VA_ARGS__)
#define VF_TRY_(result, ...) \
  if (auto result = (__VA_ARGS__); !result) return std::move(result).error()

/// Declares a variable with the value of a Result, or returns its error: VF_ASSIGN(const auto rows, db.query(sql)).
#define VF_ASSIGN(declaration, ...) VF_ASSIGN_(VF_CONCATENATE(vf_result_, __COUNTER__), declaration, __VA_ARGS__)
#define VF_ASSIGN_(result, declaration, ...)     \
  auto result = (__VA_ARGS__);                   \
  if (!result) return std::move(result).error(); \
  declaration = *std::move(result)

#define VF_INVARIANT(condition) \
  ((condition) ? static_cast<void>(0) : ::vf::broken_invariant(#condition, __FILE__, __LINE__))
