#include "obs/log_output.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

namespace vf::obs {
namespace {

using testing::StartsWith;

class LogOutputTest : public testing::Test {
 protected:
  LogOutputTest() {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    reader_ = ends[0];
    writer_ = ends[1];
    std::signal(SIGPIPE, SIG_IGN);
  }
  ~LogOutputTest() override {
    ::close(reader_);
    ::close(writer_);
  }

  LogOutput output() {
    return LogOutput(writer_, [](uint64_t lines) { return "dropped " + std::to_string(lines); });
  }

  /// Fills the pipe, as a reader that has stopped leaves it. Returns the number of bytes.
  size_t fill() const {
    const int flags = ::fcntl(writer_, F_GETFL);
    ::fcntl(writer_, F_SETFL, flags | O_NONBLOCK);
    const std::string some(4096, 'x');
    size_t filled = 0;
    for (ssize_t written = 0; (written = ::write(writer_, some.data(), some.size())) > 0;) {
      filled += static_cast<size_t>(written);
    }
    ::fcntl(writer_, F_SETFL, flags);
    return filled;
  }

  std::string read(size_t bytes) const {
    std::string all(bytes, '\0');
    size_t got = 0;
    while (got < bytes) {
      const ssize_t piece = ::read(reader_, all.data() + got, bytes - got);
      if (piece <= 0) break;
      got += static_cast<size_t>(piece);
    }
    all.resize(got);
    return all;
  }

  /// What is left in the pipe.
  std::string rest() {
    ::close(std::exchange(writer_, -1));
    return read(1 << 24);
  }

  int reader_ = -1;
  int writer_ = -1;
};

TEST_F(LogOutputTest, LinesArriveInTheirOrder) {
  {
    LogOutput lines = output();
    lines.write("a");
    lines.write("");
    lines.write("c");
    EXPECT_EQ(lines.dropped(), 0U);
  }
  EXPECT_EQ(rest(), "a\n\nc\n");
}

TEST_F(LogOutputTest, ALineLongerThanThePipeArrivesWhole) {
  const std::string line(300'000, 'l');
  LogOutput lines = output();
  lines.write(line);
  EXPECT_EQ(read(line.size() + 1), line + "\n");
}

TEST_F(LogOutputTest, NoWriterWaitsForAReaderThatHasStopped) {
  const size_t filled = fill();
  LogOutput lines = output();
  const size_t more = 10;
  for (size_t i = 0; i < kLogLinesWaitingMax + 1 + more; ++i) lines.write("line");  // returns
  // The thread may hold one line beside those that wait.
  EXPECT_GE(lines.dropped(), more);
  EXPECT_LE(lines.dropped(), more + 1);
  EXPECT_EQ(read(filled).size(), filled);
  const std::string first = read(5);
  const std::string second = first == "line\n" ? read(11) : first + read(6);  // "line" is the one that the thread held
  EXPECT_THAT(second, StartsWith("dropped 1"));
}

TEST_F(LogOutputTest, TheEndDoesNotWaitForAReaderThatHasStopped) {
  fill();
  LogOutput lines = output();
  for (int i = 0; i < 100; ++i) lines.write("line");
}  // returns

TEST_F(LogOutputTest, AReaderThatIsGoneCostsTheLines) {
  ::close(std::exchange(reader_, -1));
  const auto closed = std::make_unique<LogOutput>(writer_, [](uint64_t) { return std::string(); });
  closed->write("line");
  while (closed->dropped() == 0) ::usleep(100);
  EXPECT_EQ(closed->dropped(), 1U);
}

}  // namespace
}  // namespace vf::obs
