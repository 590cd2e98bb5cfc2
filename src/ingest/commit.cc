#include "ingest/commit.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace vf::ingest {
namespace {

using store::AddEvent;
using store::EventAdded;
using store::Write;
using store::WriteResult;

const AddEvent* event_of(const PendingWrite& item) { return std::get_if<AddEvent>(&item.write); }

// Items of one batch in the order they are written; `repeats` holds those whose event stands in `lead` already.
struct Plan {
  std::vector<PendingWrite> leads;
  std::unordered_map<size_t, std::vector<PendingWrite>> repeats;  // by index into leads
};

// Events first, by id; the others behind them, as they came. Indices are sorted: items are large to move.
std::vector<size_t> write_order(const std::vector<PendingWrite>& batch) {
  std::vector<size_t> order(batch.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, [&batch](size_t a, size_t b) {
    const AddEvent* x = event_of(batch[a]);
    const AddEvent* y = event_of(batch[b]);
    if (x && y && x->event.id != y->event.id) return x->event.id < y->event.id;
    if ((x == nullptr) != (y == nullptr)) return x != nullptr;
    return a < b;
  });
  return order;
}

Plan plan(std::vector<PendingWrite> batch) {
  Plan result;
  result.leads.reserve(batch.size());
  std::unordered_map<std::string, size_t> by_body;
  for (const size_t i : write_order(batch)) {
    auto& item = batch[i];
    const AddEvent* add = event_of(item);
    if (add && !result.leads.empty()) {
      const AddEvent* before = event_of(result.leads.back());
      if (before && before->event.id == add->event.id) {
        result.repeats[result.leads.size() - 1].push_back(std::move(item));
        continue;
      }
    }
    if (add && add->body_key) {
      const auto [at, is_new] = by_body.try_emplace(add->event.source + '\0' + *add->body_key, result.leads.size());
      if (!is_new) {
        result.repeats[at->second].push_back(std::move(item));
        continue;
      }
    }
    result.leads.push_back(std::move(item));
  }
  return result;
}

void answer(PendingWrite& lead, std::vector<PendingWrite>* repeats, Result<WriteResult> result, CommitReport& report) {
  if (repeats) {
    Result<WriteResult> again = result;
    if (result) {
      auto added = std::get<EventAdded>(*result);
      added.duplicate = true;
      again = WriteResult{added};
      report.duplicates += repeats->size();
    } else {
      report.failed += repeats->size();
    }
    for (auto& repeat : *repeats) repeat.done(again);
  }
  if (!result) {
    ++report.failed;
  } else if (const auto* added = std::get_if<EventAdded>(&*result)) {
    ++(added->duplicate ? report.duplicates : report.added);
  }
  lead.done(std::move(result));
}

constexpr size_t kNobody = static_cast<size_t>(-1);

// Takes the items at [begin, end) out of the plan and answers them with one error.
void refuse(Plan& plan, size_t begin, size_t end, const Error& error, CommitReport& report) {
  for (size_t i = begin; i < end; ++i) {
    auto repeats = plan.repeats.find(i);
    answer(plan.leads[i], repeats == plan.repeats.end() ? nullptr : &repeats->second, error, report);
  }
}

// Writes leads[begin, end); on a refusal that is one item's own, writes what stands before and after it instead.
void write_range(store::OutboxStore& store, Plan& plan, std::pair<size_t, size_t> range, Instant now,
                 CommitReport& report) {
  const auto [begin, end] = range;
  if (begin == end) return;
  std::vector<Write> writes;
  writes.reserve(end - begin);
  for (size_t i = begin; i < end; ++i) writes.push_back(std::move(plan.leads[i].write));
  size_t failed_index = kNobody;
  auto results = store.write(writes, now, &failed_index);
  if (results) {
    for (size_t i = begin; i < end; ++i) {
      auto repeats = plan.repeats.find(i);
      answer(plan.leads[i], repeats == plan.repeats.end() ? nullptr : &repeats->second,
             std::move((*results)[i - begin]), report);
    }
    return;
  }
  const bool somebodys_own = results.error().code == Code::invalid || results.error().code == Code::conflict;
  if (!somebodys_own || end - begin == 1) return refuse(plan, begin, end, results.error(), report);
  for (size_t i = begin; i < end; ++i) plan.leads[i].write = std::move(writes[i - begin]);
  if (failed_index >= writes.size()) {  // the store cannot tell whose: halve
    const size_t middle = begin + (end - begin) / 2;
    write_range(store, plan, {begin, middle}, now, report);
    return write_range(store, plan, {middle, end}, now, report);
  }
  refuse(plan, begin + failed_index, begin + failed_index + 1, results.error(), report);
  write_range(store, plan, {begin, begin + failed_index}, now, report);
  write_range(store, plan, {begin + failed_index + 1, end}, now, report);
}

}  // namespace

CommitReport commit(store::OutboxStore& store, std::vector<PendingWrite> batch, Instant now) {
  CommitReport report;
  report.expired = std::erase_if(batch, [now](auto& item) {
    const bool late = item.deadline <= now;
    if (late) item.done(unavailable("not committed in time"));
    return late;
  });
  Plan planned = plan(std::move(batch));
  const size_t count = planned.leads.size();
  write_range(store, planned, {0, count}, now, report);
  return report;
}

Committer::Committer(Params params)
    : params_(std::move(params)), queue_(params_.limits, [this](std::vector<PendingWrite> batch) {
        const auto begun = params_.clock.steady();
        const CommitReport report = commit(params_.store, std::move(batch), params_.clock.now());
        if (params_.on_commit) params_.on_commit(report, params_.clock.steady() - begun);
      }) {}

bool Committer::add(AddEvent event, Instant deadline, Committed done) {
  const size_t bytes = sizeof(PendingWrite) + event.event.body.size() + event.event.headers.size();
  PendingWrite item{std::move(event), deadline, std::move(done)};
  return queue_.submit(item, bytes);
}

void Committer::write(Write write, Committed done) {
  PendingWrite item{std::move(write), Instant::max(), std::move(done)};
  if (!queue_.submit_urgent(item, sizeof(PendingWrite))) item.done(unavailable("the committer has stopped"));
}

}  // namespace vf::ingest
