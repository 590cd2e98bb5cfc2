#include "obs/metrics.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <thread>

namespace vf::obs {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, CountersAreRenderedWithHelpTypeAndLabels) {
  Metrics metrics;
  metrics.counter("vf_events_total", "Events kept.", {{"source", "kick"}}).add();
  metrics.counter("vf_events_total", "Events kept.", {{"source", "kick"}}).add(2);
  metrics.counter("vf_events_total", "Events kept.", {{"source", "a\"b\\c\nd"}}).add();
  EXPECT_EQ(metrics.counter("vf_events_total", "", {{"source", "kick"}}).value(), 3u);
  EXPECT_EQ(metrics.render(),
            "# HELP vf_events_total Events kept.\n"
            "# TYPE vf_events_total counter\n"
            "vf_events_total{source=\"a\\\"b\\\\c\\nd\"} 1\n"
            "vf_events_total{source=\"kick\"} 3\n");
}

TEST(Metrics, CountsPastTheExactRangeOfSmallNumbersStayExact) {
  Metrics metrics;
  metrics.counter("vf_bytes_total", "Bytes.").add(1234567890123);
  EXPECT_THAT(metrics.render(), HasSubstr("vf_bytes_total 1234567890123\n"));
}

TEST(Metrics, HistogramsHoldWhatIsAtMostABound) {
  Metrics metrics;
  Histogram& histogram = metrics.histogram("vf_seconds", "Time.", {}, {0.5, 2});
  for (const double value : {0.25, 0.5, 0.75, 2.0, 3.0}) histogram.observe(value);
  EXPECT_EQ(metrics.render(),
            "# HELP vf_seconds Time.\n"
            "# TYPE vf_seconds histogram\n"
            "vf_seconds_count 5\n"
            "vf_seconds_sum 6.5\n"
            "vf_seconds_bucket{le=\"0.5\"} 2\n"
            "vf_seconds_bucket{le=\"2\"} 4\n"
            "vf_seconds_bucket{le=\"+Inf\"} 5\n");
}

TEST(Metrics, GaugesAreReadAtEveryScrape) {
  Metrics metrics;
  double depth = 1;
  metrics.gauge("vf_depth", "Waiting.", {{"target", "stage"}}, [&] { return depth; });
  metrics.counter_from("vf_opened_total", "Opened.", {}, [&] { return depth * 10; });
  EXPECT_THAT(metrics.render(), HasSubstr("# TYPE vf_depth gauge\nvf_depth{target=\"stage\"} 1\n"));
  depth = 2;
  EXPECT_THAT(metrics.render(), HasSubstr("vf_depth{target=\"stage\"} 2\n"));
  EXPECT_THAT(metrics.render(), HasSubstr("# TYPE vf_opened_total counter\nvf_opened_total 20\n"));
}

TEST(Metrics, AGaugeWithoutAValueIsAbsentAndNotZero) {
  Metrics metrics;
  metrics.gauge("vf_age_seconds", "Age.", {}, [] { return std::nan(""); });
  EXPECT_EQ(metrics.render(), "");
}

TEST(Metrics, AReaderIsReplacedByItsSuccessor) {
  Metrics metrics;
  metrics.gauge("vf_depth", "Waiting.", {}, [] { return 1.0; });
  metrics.gauge("vf_depth", "Waiting.", {}, [] { return 2.0; });
  EXPECT_THAT(metrics.render(), AllOf(HasSubstr("vf_depth 2\n"), Not(HasSubstr("vf_depth 1\n"))));
}

TEST(Metrics, AReaderMayTakeHandles) {
  Metrics metrics;
  metrics.gauge("vf_depth", "Waiting.", {}, [&] { return static_cast<double>(metrics.counter("vf_x", "X.").value()); });
  EXPECT_THAT(metrics.render(), HasSubstr("vf_depth 0\n"));
}

TEST(Metrics, LabelSetsPastTheBoundShareOneSeries) {
  Metrics metrics;
  const auto counter = [&](size_t i) -> Counter& {
    return metrics.counter("vf_x_total", "X.", {{"peer", std::to_string(i)}});
  };
  for (size_t i = 0; i < kLabelSetsMax; ++i) counter(i).add();
  EXPECT_THAT(metrics.render(), Not(HasSubstr("overflow")));
  EXPECT_EQ(&counter(kLabelSetsMax), &counter(kLabelSetsMax + 1));
  EXPECT_NE(&counter(kLabelSetsMax), &counter(kLabelSetsMax - 1));
  counter(kLabelSetsMax).add(7);
  EXPECT_THAT(metrics.render(), HasSubstr("vf_x_total{overflow=\"true\"} 7\n"));
  metrics.gauge("vf_g", "G.", {}, [] { return 1.0; });
}

TEST(Metrics, AddsFromManyThreadsAreAllCounted) {
  Metrics metrics;
  Histogram& histogram = metrics.histogram("vf_seconds", "Time.", {}, {1});
  constexpr int kThreads = 4, kAdds = 10'000;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        Counter& counter = metrics.counter("vf_x_total", "X.");
        for (int i = 0; i < kAdds; ++i) {
          counter.add();
          histogram.observe(0.5);
          if (i % 1000 == 0) static_cast<void>(metrics.render());
        }
      });
    }
  }
  EXPECT_EQ(metrics.counter("vf_x_total", "X.").value(), kThreads * kAdds);
  EXPECT_EQ(histogram.snapshot().cumulative.back(), kThreads * kAdds);
  EXPECT_DOUBLE_EQ(histogram.snapshot().sum, kThreads * kAdds * 0.5);
}

TEST(MetricsDeathTest, NamesAndKindsAreInvariants) {
  Metrics metrics;
  metrics.counter("vf_x_total", "X.");
  EXPECT_DEATH(metrics.counter("x_total", "X."), "broken invariant");
  EXPECT_DEATH(metrics.counter("vf_X", "X."), "broken invariant");
  EXPECT_DEATH(metrics.gauge("vf_x_total", "X.", {}, [] { return 0.0; }), "broken invariant");
  EXPECT_DEATH(metrics.counter_from("vf_x_total", "X.", {}, [] { return 0.0; }), "broken invariant");
  EXPECT_DEATH(metrics.histogram("vf_h", "H.", {}, {2, 1}), "broken invariant");
}

TEST(Metrics, DurationBucketsRise) { EXPECT_TRUE(std::ranges::is_sorted(duration_buckets())); }

}  // namespace
}  // namespace vf::obs
