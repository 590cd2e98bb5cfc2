// Metrics: counters, gauges and histograms in Prometheus' text format. Take a handle (a Counter or Histogram) once;
// counting is then one relaxed atomic add. Handles live as long as the Metrics that returned them. Thread safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace vf::obs {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Histogram {
 public:
  /// `bounds` must rise. Each bucket counts the values above the previous bound, up to and including its own; a last
  /// bucket counts the values above all bounds.
  explicit Histogram(std::vector<double> bounds);
  void observe(double value);

  struct Snapshot {
    std::vector<uint64_t> cumulative;  // for each bound, the values up to it; then all values
    double sum = 0;
  };
  Snapshot snapshot() const;
  const std::vector<double>& bounds() const { return bounds_; }

 private:
  std::vector<double> bounds_;
  std::vector<std::atomic<uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

/// Returns the default bounds for durations, in seconds: 0.5 ms to 4 hours.
std::vector<double> duration_buckets();

inline constexpr size_t kLabelSetsMax = 1000;

/// A name begins with "vf_" and has only a-z, 0-9 and '_'. All calls for a name must be of one kind (counter, histogram
/// or gauge). Breaking these rules is a broken invariant. The first help given for a name stays.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  /// counter() and histogram() return the same handle for the same name and labels. A name has at most kLabelSetsMax
  /// sets of labels; all further sets share the handle with the labels {overflow="true"}.
  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram& histogram(const std::string& name, const std::string& help, const Labels& labels = {},
                       const std::vector<double>& buckets = duration_buckets());
  /// Registers a gauge. Every scrape calls `read`, on the scraping thread, and shows the value; it shows none when
  /// `read` returns NaN. A second call with the same name and labels replaces `read`. Label sets past kLabelSetsMax are
  /// dropped.
  void gauge(const std::string& name, const std::string& help, const Labels& labels, std::function<double()> read);
  /// As gauge(), but for a counter: a number that only grows.
  void counter_from(const std::string& name, const std::string& help, const Labels& labels,
                    std::function<double()> read);

  /// Returns all metrics, as text/plain; version=0.0.4.
  std::string render() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vf::obs
