// Parts of runs: each is run once, whoever asks and however many threads there are.
#include "runtime/thread_pool.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cfenv>
#include <memory>
#include <thread>
#include <vector>

#include "runtime/floating_status.h"

namespace segue::testing {
namespace {

/// Whether every part has been run once, in a lane that there is.
bool runsAll(int64_t parts, int lanes, bool wakes) {
  std::vector<std::atomic<int>> times(static_cast<size_t>(parts));
  std::atomic<bool> right{true};
  runParts(parts, lanes, wakes, [&](int lane, int64_t part) {
    if (lane < 0 || lane >= lanes || part < 0 || part >= parts) {
      right = false;
    } else {
      times[static_cast<size_t>(part)]++;
    }
  });
  for (const std::atomic<int>& count : times) right = right && count == 1;
  return right;
}

TEST_CASE("every part is run once", "[threads]") {
  for (int round = 0; round < 50; round++) {
    for (const int lanes : {1, 2, 3, 4, 9}) {
      for (const int64_t parts : {0, 1, 2, 7, 64, 1000}) CHECK(runsAll(parts, lanes, round % 2 == 0));
    }
  }
  CHECK(threadCounts().workers == 8);
}

TEST_CASE("lanes run one part at a time", "[threads]") {
  std::vector<std::unique_ptr<std::atomic<bool>>> busy;
  for (int i = 0; i < 4; i++) busy.push_back(std::make_unique<std::atomic<bool>>(false));
  std::atomic<bool> twice{false};
  for (int round = 0; round < 200; round++) {
    runParts(100, 4, true, [&](int lane, int64_t) {
      if (busy[static_cast<size_t>(lane)]->exchange(true)) twice = true;
      busy[static_cast<size_t>(lane)]->store(false);
    });
  }
  CHECK_FALSE(twice);
}

TEST_CASE("threads that ask at the same time", "[threads]") {
  std::atomic<bool> right{true};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&right] {
      for (int round = 0; round < 500; round++) right = runsAll(16, 3, true) && right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right);
}

TEST_CASE("what workers write is seen behind the run", "[threads]") {
  std::vector<int64_t> values(1000);
  for (int64_t round = 1; round <= 500; round++) {
    runParts(1000, 3, true, [&](int, int64_t part) { values[static_cast<size_t>(part)] += part; });
    int64_t sum = 0;
    for (const int64_t value : values) sum += value;
    REQUIRE(sum == round * 999 * 1000 / 2);
  }
}

TEST_CASE("the floating-point status of any part is the caller's", "[threads]") {
  for (int64_t bad = 0; bad < 8; bad++) {
    for (int round = 0; round < 20; round++) {
      clearStatus();
      std::atomic<int64_t> slow{0};
      runParts(8, 3, true, [&](int, int64_t part) {
        for (int i = 0; i < 2000; i++) slow.fetch_add(1, std::memory_order_relaxed);   // so that workers get there
        volatile double zero = 0, made = (part == bad ? 1 : 0) / (part == bad ? zero : 1);
        (void)made;
      });
      REQUIRE(testStatus() == FE_DIVBYZERO);
      clearStatus();
      runParts(8, 3, true, [&](int, int64_t) { slow.fetch_add(1, std::memory_order_relaxed); });
      REQUIRE(testStatus() == 0);
    }
  }
}

TEST_CASE("parts are rounded as the caller rounds", "[threads]") {
  std::vector<double> thirds(64);
  auto divide = [&] {
    runParts(64, 3, true, [&](int, int64_t part) {
      volatile double one = 1, three = 3;
      thirds[static_cast<size_t>(part)] = one / three;
    });
  };
  divide();
  const double nearest = thirds[0];
  REQUIRE(std::fesetround(FE_UPWARD) == 0);
  for (int round = 0; round < 100; round++) divide();
  std::fesetround(FE_TONEAREST);
  for (const double third : thirds) CHECK(third > nearest);
}

}  // namespace
}  // namespace segue::testing
