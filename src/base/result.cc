#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace vf {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::invalid:
      return "invalid";
    case Code::unauthorized:
      return "unauthorized";
    case Code::not_found:
      return "not_found";
    case Code::conflict:
      return "conflict";
    case Code::unavailable:
      return "unavailable";
    case Code::internal:
      return "internal";
  }
  return "internal";
}

void broken_invariant(const char* what, const char* file, int line) {
  std::fprintf(stderr, "vf: broken invariant: %s (%s:%d)\n", what, file, line);
  std::abort();
}

}  // namespace vf
