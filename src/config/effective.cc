#include "config/effective.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/result.h"

namespace vf::config {
namespace {

class TakingOver {
 public:
  TakingOver(Effective running, const Effective& wanted) : wanted_(wanted) { out_.effective = std::move(running); }

  TakenOver run() {
    std::set<std::string> paths;
    for (const auto& [path, items] : out_.effective.values) paths.insert(path);
    for (const auto& [path, items] : wanted_.values) paths.insert(path);
    for (const std::string& path : paths) compare(path);
    take_sections();
    return std::move(out_);
  }

 private:
  void compare(const std::string& path) {
    Effective& now = out_.effective;
    const auto running = now.values.find(path);
    const auto wanted = wanted_.values.find(path);
    const bool same =
        running != now.values.end() && wanted != wanted_.values.end() && running->second == wanted->second;
    if (same) return take(path);  // it may be written otherwise
    const auto section = now.document.table->named_section(path);
    const bool comes_or_goes =
        section && now.document.sections.contains(*section) != wanted_.document.sections.contains(*section);
    if (comes_or_goes && !now.document.table->may_come_and_go(path)) {
      if (out_.pending.empty() || out_.pending.back() != *section) out_.pending.push_back(*section);
    } else if (now.document.table->find(path)->key->reload) {
      out_.changed.push_back(path);
      take(path);
    } else {
      out_.pending.push_back(path);
    }
  }

  void take(const std::string& path) {
    Effective& now = out_.effective;
    if (const auto wanted = wanted_.values.find(path); wanted != wanted_.values.end()) {
      now.values.insert_or_assign(path, wanted->second);
      now.document.entries.insert_or_assign(path, *wanted_.document.find(path));
    } else {
      now.values.erase(path);
      now.document.entries.erase(path);
    }
  }

  void take_sections() {
    auto& now = out_.effective.document;
    const auto may = [&now](const auto& section) { return now.table->may_come_and_go(section.first); };
    std::erase_if(now.sections, may);
    std::ranges::copy_if(wanted_.document.sections, std::inserter(now.sections, now.sections.end()), may);
  }

  const Effective& wanted_;
  TakenOver out_;
};

}  // namespace

TakenOver take_over(Effective running, const Effective& wanted) { return TakingOver(std::move(running), wanted).run(); }

void store(Root& into, const Effective& effective) {
  for (const auto& [path, items] : effective.values) {
    const Entry& entry = *effective.document.find(path);
    const auto wrong = entry.key->store(into, entry.name, items);
    VF_INVARIANT(!wrong);  // values were checked when they were read
  }
}

}  // namespace vf::config
