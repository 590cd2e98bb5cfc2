#include "http/idle_list.h"

#include "http/connection.h"

namespace vf::http {

void IdleList::add(Connection& connection, Time now) {
  IdleLink& link = connection.idle_link();
  if (link.listed) return;
  link = {.before = last_, .after = nullptr, .since = now, .listed = true};
  (last_ == nullptr ? first_ : last_->idle_link().after) = &connection;
  last_ = &connection;
  size_.store(size() + 1, std::memory_order_relaxed);
  if (first_ == &connection) publish();
}

void IdleList::remove(Connection& connection) {
  IdleLink& link = connection.idle_link();
  if (!link.listed) return;
  const bool was_first = first_ == &connection;
  (link.before == nullptr ? first_ : link.before->idle_link().after) = link.after;
  (link.after == nullptr ? last_ : link.after->idle_link().before) = link.before;
  link = {};
  size_.store(size() - 1, std::memory_order_relaxed);
  if (was_first) publish();
}

Connection* IdleList::next(const Connection& connection) { return connection.idle_link().after; }

void IdleList::publish() {
  const Time since = first_ == nullptr ? Time::max() : first_->idle_link().since;
  since_.store(since.time_since_epoch().count(), std::memory_order_relaxed);
}

}  // namespace vf::http
