// Threads that run kernels together with the thread that asks.
//
// Model. A run is cut into *parts*, numbered from 0 on, and taken by *lanes*: lane 0 is the thread that asks, the others are the pool's workers.
// Each lane begins with neighbouring parts of its own, so that a processor finds in its cache what it has had there before, and then takes what
// the others have left. A worker that has not begun when all parts are taken is not waited for. Workers that are done look for more work for a
// while before they sleep; a run that is too short for waking them has those that are awake.
//
// Requirements
//  1. Workers run no Python, hold no lock of anybody's, and receive no signals. A part must neither throw nor ask for a run itself.
//  2. Parts compute under the asking thread's floating-point control, and the status that they set is added to that thread's.
//  3. One run has the pool at a time. Another thread's that comes meanwhile goes without it.
//  4. A child of fork() starts workers of its own. At exit workers just wait: nothing is joined or destroyed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace segue {

/// Bytes of a cache line: what threads write lies in lines of their own.
inline constexpr size_t kCacheLine = 64;

/// More threads than this are not used.
inline constexpr int64_t kMostThreads = 256;

/// How many threads may run a kernel, the asking one included. `setThreads(0)`: what the environment says (setDefaultThreads), or as many as
/// there are processors that this process may use, when first asked in this process.
int64_t threadCount();
int64_t threadSetting();
void setThreads(int64_t count);
void setDefaultThreads(int64_t count);

/// Whether workers look for work, rather than sleep.
bool anyWorkerAwake();

/// Counts since the process started, or was forked. For tests.
struct ThreadCounts {
  int64_t runs = 0;           ///< that had the pool
  int64_t workers = 0;        ///< that have been started
  int64_t worker_parts = 0;   ///< parts that workers have run
};
ThreadCounts threadCounts();

namespace internal {
using RunPart = void (*)(void* context, int lane, int64_t part);
void runParts(int64_t parts, int lanes, bool wakes, RunPart run, void* context);
}  // namespace internal

/// Calls part(lane, number) for each number below `parts`, from at most `lanes` threads at a time, whose lanes are below `lanes`. `wakes`:
/// sleeping workers are woken.
template <class Part>
void runParts(int64_t parts, int lanes, bool wakes, Part&& part) {
  internal::runParts(parts, lanes, wakes, [](void* context, int lane, int64_t number) { (*static_cast<Part*>(context))(lane, number); }, &part);
}

}  // namespace segue
