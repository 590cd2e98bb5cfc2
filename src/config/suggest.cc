#include "config/suggest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace vf::config {
namespace {

size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string> known) {
  constexpr size_t kWordMax = 64;
  std::string best;
  size_t edits = std::min<size_t>(2, (word.size() + 2) / 3) + 1;
  if (word.size() > kWordMax) return best;
  for (const std::string& candidate : known) {
    const size_t d = distance(word, candidate);
    if (d < edits) {
      edits = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace vf::config
