#include "runtime/thread_pool.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include "base/fault.h"
#include "runtime/floating_status.h"

#if defined(__linux__)
#include <sched.h>
#endif

namespace segue {
namespace {

/// How long a thread looks for what it waits for before it sleeps: as long as it takes to wake it.
constexpr std::chrono::microseconds kSpin{50};

void relax() {
#if defined(__SSE2__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Whether the condition comes true within kSpin.
template <class Condition>
bool spinUntil(const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 32; i++) {
      if (condition()) return true;
      relax();
    }
  } while (std::chrono::steady_clock::now() < end);
  return condition();
}


/// The parts that a lane begins with.
struct alignas(kCacheLine) Share {
  std::atomic<int64_t> next{0};
  int64_t end = 0;
};

class Worker;

struct Run {
  internal::RunPart part;
  void* context;
  int lanes;
  bool wakes;
  Share* shares;                            ///< by lane
  const std::unique_ptr<Worker>* workers;   ///< by lane, from lane 1 on
  FloatingControl control;
  std::atomic<int> status{0};               ///< of all workers

  void offerBelow(int lane);
  int64_t runLane(int lane);
};

class Worker {
 public:
  /// `awake`: counts the workers that do not sleep.
  explicit Worker(std::atomic<int>& awake) : awake_(awake) {}

  /// Has the lane run, if the worker is there before takeBack.
  void offer(Run* run, int lane) {
    if (asleep_.load(std::memory_order_relaxed) && !run->wakes) return;
    run_ = run;
    lane_ = lane;
    change(State::kOffered);
  }

  /// Waits for what the worker has begun. What was offered is the caller's again.
  void takeBack() {
    State offered = State::kOffered;
    if (state_.compare_exchange_strong(offered, State::kIdle, std::memory_order_acq_rel)) return;
    const auto idle = [this] { return state_.load(std::memory_order_acquire) == State::kIdle; };
    if (!spinUntil(idle)) sleepUntil(idle);
  }

  [[noreturn]] void main() {
    const auto offer_made = [this] { return state_.load(std::memory_order_acquire) == State::kOffered; };
    awake_.fetch_add(1, std::memory_order_relaxed);
    for (;;) {
      if (!spinUntil(offer_made)) {
        markAsleep(true);
        sleepUntil(offer_made);
        markAsleep(false);
      }
      State offered = State::kOffered;
      if (!state_.compare_exchange_strong(offered, State::kRunning, std::memory_order_acq_rel)) continue;
      run_->offerBelow(lane_);
      run_->control.apply();
      parts_.fetch_add(run_->runLane(lane_), std::memory_order_relaxed);
      if (!SEGUE_FAULT(WorkersStatusLost)) run_->status.fetch_or(testStatus(), std::memory_order_relaxed);
      change(State::kIdle);   // from here on *run_ may be gone
    }
  }

  int64_t parts() const { return parts_.load(std::memory_order_relaxed); }

 private:
  enum class State : uint8_t { kIdle, kOffered, kRunning };

  void change(State state) {
    {
      std::lock_guard lock(mutex_);   // nobody is between a look at the state and sleep
      state_.store(state, std::memory_order_release);
    }
    changed_.notify_one();
  }

  template <class Condition>
  void sleepUntil(const Condition& condition) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, condition);
  }

  void markAsleep(bool asleep) {
    asleep_.store(asleep, std::memory_order_relaxed);
    awake_.fetch_add(asleep ? -1 : 1, std::memory_order_relaxed);
  }

  alignas(kCacheLine) std::atomic<State> state_{State::kIdle};
  std::atomic<bool> asleep_{false};
  std::atomic<int>& awake_;
  Run* run_ = nullptr;
  int lane_ = 0;
  std::atomic<int64_t> parts_{0};   ///< that it has run
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// Each lane has two others run, so that no thread wakes all.
void Run::offerBelow(int lane) {
  for (int below = 2 * lane + 1; below <= 2 * lane + 2 && below < lanes; below++) workers[below - 1]->offer(this, below);
}

/// How many parts it has run.
int64_t Run::runLane(int lane) {
  int64_t count = 0;
  for (int i = 0; i < lanes; i++) {
    Share& share = shares[(lane + i) % lanes];
    // Lanes that come too late count up a little further than the end: once each.
    while (share.next.load(std::memory_order_relaxed) < share.end) {
      const int64_t number = share.next.fetch_add(1, std::memory_order_relaxed);
      if (number >= share.end) break;
      part(context, lane, number);
      count++;
    }
  }
  return count;
}

int64_t usableProcessors() {
#if defined(__linux__)
  std::vector<cpu_set_t> sets(16);   // of 1024 processors each
  const size_t bytes = sets.size() * sizeof(cpu_set_t);
  if (sched_getaffinity(0, bytes, sets.data()) == 0) return CPU_COUNT_S(bytes, sets.data());
#endif
  return std::max<int64_t>(std::thread::hardware_concurrency(), 1);
}

class Pool {
 public:
  explicit Pool(Pool* before) : before_(before) {}

  int64_t processors() const { return processors_; }
  bool anyAwake() const { return awake_.load(std::memory_order_relaxed) > 0; }

  /// False when another run has the pool, or there are no workers.
  bool tryRun(int64_t parts, int lanes, bool wakes, internal::RunPart part, void* context) {
    if (busy_.exchange(true, std::memory_order_acquire)) return false;
    lanes = start(lanes);
    if (lanes > 1) {
      runLanes(parts, lanes, wakes, part, context);
      runs_++;
    }
    busy_.store(false, std::memory_order_release);
    return lanes > 1;
  }

  /// Of runs that are over.
  ThreadCounts counts() {
    ThreadCounts out;
    while (busy_.exchange(true, std::memory_order_acquire)) relax();
    out = {runs_, static_cast<int64_t>(workers_.size()), 0};
    for (const auto& worker : workers_) out.worker_parts += worker->parts();
    busy_.store(false, std::memory_order_release);
    return out;
  }

 private:
  void runLanes(int64_t parts, int lanes, bool wakes, internal::RunPart part, void* context) {
    for (int lane = 0; lane < lanes; lane++) {
      shares_[lane].next.store(parts * lane / lanes, std::memory_order_relaxed);
      shares_[lane].end = parts * (lane + 1) / lanes;
    }
    Run run{part, context, lanes, wakes, shares_.get(), workers_.data(), FloatingControl::current()};
    run.offerBelow(0);
    run.runLane(0);
    // In this order: a lane that is over has nothing more to offer.
    for (int lane = 1; lane < lanes; lane++) workers_[static_cast<size_t>(lane) - 1]->takeBack();
    addStatus(run.status.load(std::memory_order_relaxed));
  }

  /// Starts the workers that are missing for so many lanes; how many lanes there are then.
  int start(int lanes) {
    const auto wanted = static_cast<size_t>(lanes) - 1;
    try {
      if (shares_ == nullptr) shares_ = std::make_unique<Share[]>(kMostThreads);
      workers_.reserve(wanted);
      while (workers_.size() < wanted) {
        auto worker = std::make_unique<Worker>(awake_);
        if (!startThread(worker.get())) break;
        workers_.push_back(std::move(worker));
      }
    } catch (const std::bad_alloc&) {   // the run has fewer lanes
    }
    return static_cast<int>(std::min(wanted, workers_.size())) + 1;
  }

  static bool startThread(Worker* worker) {
    // Python expects signals in its own threads.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    auto main = [](void* self) -> void* { static_cast<Worker*>(self)->main(); };
    const bool started = pthread_create(&thread, nullptr, main, worker) == 0;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (started) pthread_detach(thread);
    return started;
  }

  std::atomic<bool> busy_{false};
  std::atomic<int> awake_{0};
  int64_t runs_ = 0;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Share[]> shares_;                  ///< by lane
  const int64_t processors_ = usableProcessors();
  [[maybe_unused]] Pool* const before_;              ///< the parent process's, whose workers are not here
};

/// Never destroyed: workers wait in it. Null until first needed, and in a child of fork().
std::atomic<Pool*> current{nullptr};
Pool* left_behind = nullptr;

void forgetPool() {
  if (SEGUE_FAULT(PoolSurvivesFork)) return;
  if (Pool* pool = current.exchange(nullptr, std::memory_order_relaxed)) left_behind = pool;
}

// When the module is loaded: a lock around it could be held by another thread at a fork.
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, forgetPool);

Pool& pool() {
  if (Pool* known = current.load(std::memory_order_acquire)) return *known;
  auto made = std::make_unique<Pool>(left_behind);
  Pool* other = nullptr;
  if (current.compare_exchange_strong(other, made.get(), std::memory_order_acq_rel)) return *made.release();
  return *other;
}

std::atomic<int64_t> setting{0}, default_threads{0};

}  // namespace

int64_t threadSetting() { return setting.load(std::memory_order_relaxed); }
void setThreads(int64_t count) { setting.store(count, std::memory_order_relaxed); }
void setDefaultThreads(int64_t count) { default_threads.store(count, std::memory_order_relaxed); }

int64_t threadCount() {
  int64_t count = threadSetting();
  if (count == 0) count = default_threads.load(std::memory_order_relaxed);
  if (count == 0) count = pool().processors();
  return std::min(count, kMostThreads);
}

bool anyWorkerAwake() { return pool().anyAwake(); }

ThreadCounts threadCounts() { return pool().counts(); }

void internal::runParts(int64_t parts, int lanes, bool wakes, RunPart run, void* context) {
  if (lanes > 1 && pool().tryRun(parts, lanes, wakes, run, context)) return;
  for (int64_t number = 0; number < parts; number++) run(context, 0, number);
}

}  // namespace segue
