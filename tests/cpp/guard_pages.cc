#include "guard_pages.h"

#include "base/python.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/ref.h"

namespace segue::tests {
namespace {

/// Arrays that have died keep their addresses, without access, until so many others have died.
constexpr size_t kDeadKept = 256;
/// More of an array than this at each end is left as the system gives it: zeros.
constexpr size_t kFilled = size_t{1} << 20;

/// The pages of one array.
struct Slab {
  char* pages = nullptr;   ///< behind the first page without access
  size_t length = 0;       ///< of the pages with access
  char* data = nullptr;
  size_t size = 0;
  unsigned char filler = 0;

  char* end() const { return pages + length; }
  bool holds(const char* address, size_t page) const { return address >= pages - page && address < end() + page; }
};

class Guards {
 public:
  Guards() {
    // Two mappings each, of half of those that there may be; neighbours' pages without access are one mapping.
    long most = 65530;
    if (std::FILE* file = std::fopen("/proc/sys/vm/max_map_count", "r")) {
      if (std::fscanf(file, "%ld", &most) != 1) most = 65530;
      std::fclose(file);
    }
    most_alive_ = static_cast<size_t>(std::max<long>(most / 4, static_cast<long>(kDeadKept))) - kDeadKept;
  }

  /// Null when the array cannot be guarded.
  char* take(size_t size, bool zeros) {
    std::lock_guard lock(mutex_);
    std::optional<Slab> slab = live_.size() < most_alive_ ? map(size) : std::nullopt;
    if (!slab) {
      counts_.unguarded++;
      return nullptr;
    }
    counts_.guarded++;
    const uint64_t random = next();
    slab->data = random >> 63 != 0 ? slab->end() - size : slab->pages;
    slab->filler = static_cast<unsigned char>(random >> 8);
    std::memset(slab->pages, slab->filler, static_cast<size_t>(slab->data - slab->pages));
    std::memset(slab->data + size, slab->filler, static_cast<size_t>(slab->end() - slab->data) - size);
    if (!zeros) {
      const size_t filled = std::min(size, kFilled);
      std::memset(slab->data, static_cast<int>(random & 255), filled);
      std::memset(slab->data + size - filled, static_cast<int>(random & 255), filled);
    }
    live_.emplace(slab->data, *slab);
    return slab->data;
  }

  /// The size of a guarded array's memory.
  std::optional<size_t> sizeOf(void* data) {
    std::lock_guard lock(mutex_);
    const auto found = live_.find(static_cast<char*>(data));
    return found != live_.end() ? std::optional<size_t>(found->second.size) : std::nullopt;
  }

  /// False when the memory is not guarded.
  bool give(void* data) {
    std::lock_guard lock(mutex_);
    const auto found = live_.find(static_cast<char*>(data));
    if (found == live_.end()) {
      for (const Slab& slab : dead_) {
        if (slab.data == data) fail(slab, "was freed twice");
      }
      return false;
    }
    const Slab slab = found->second;
    live_.erase(found);
    check(slab);
    mprotect(slab.pages, slab.length, PROT_NONE);
    madvise(slab.pages, slab.length, MADV_DONTNEED);
    dead_.push_back(slab);
    if (dead_.size() > kDeadKept) {
      munmap(dead_.front().pages - page_, dead_.front().length + 2 * page_);
      dead_.pop_front();
    }
    return true;
  }

  GuardCounts counts() {
    std::lock_guard lock(mutex_);
    return counts_;
  }

  /// From a signal's handler: the line for an address that must not be accessed.
  void report(const char* address) {
    // The thread that was interrupted may be the one that holds the mutex: it has no access of its own to miss.
    if (!mutex_.try_lock()) return;
    for (const auto& [data, slab] : live_) {
      if (slab.holds(address, page_)) reportMissed(address, slab, "an array");
    }
    for (const Slab& slab : dead_) {
      if (slab.holds(address, page_)) reportMissed(address, slab, "an array that has died,");
    }
    mutex_.unlock();
  }

  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  std::optional<Slab> map(size_t size) const {
    size_t whole = 0;
    if (__builtin_add_overflow(std::max<size_t>(size, 1), 3 * page_ - 1, &whole)) return std::nullopt;
    whole = whole / page_ * page_;
    void* made = mmap(nullptr, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED) return std::nullopt;
    Slab slab{static_cast<char*>(made) + page_, whole - 2 * page_};
    slab.size = size;
    if (mprotect(slab.pages, slab.length, PROT_READ | PROT_WRITE) == 0) return slab;
    munmap(made, whole);
    return std::nullopt;
  }

  /// A generator of numbers that are the same in every run (splitmix64).
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  void check(const Slab& slab) const {
    for (const char* at = slab.pages; at < slab.end(); at++) {
      if (at == slab.data) at += slab.size;
      if (at < slab.end() && static_cast<unsigned char>(*at) != slab.filler) {
        fail(slab, at < slab.data ? "has been written before its begin" : "has been written behind its end");
      }
    }
  }

  [[noreturn]] void fail(const Slab& slab, const char* what) const {
    dprintf(output_, "guard pages: an array of %zu bytes at %p %s\n", slab.size, static_cast<void*>(slab.data), what);
    std::abort();
  }

  void reportMissed(const char* address, const Slab& slab, const char* which) const {
    const bool before = address < slab.data, inside = !before && address < slab.data + slab.size;
    const long long distance = before ? slab.data - address : inside ? address - slab.data : address - (slab.data + slab.size);
    dprintf(output_, "guard pages: an access %lld bytes %s %s of %zu bytes at %p\n", distance,
            before ? "before" : inside ? "into" : "behind", which, slab.size, static_cast<void*>(slab.data));
  }

  const size_t page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const int output_ = dup(STDERR_FILENO);   ///< pytest points the standard error elsewhere while a test runs
  size_t most_alive_ = 0;
  std::mutex mutex_;
  std::unordered_map<char*, Slab> live_;    ///< by data
  std::deque<Slab> dead_;                   ///< oldest first
  GuardCounts counts_;
  uint64_t state_ = 0;
};

/// Never destroyed: arrays may die while the process ends. Null before guardMemory.
Guards* guards = nullptr;
/// NumPy's own functions.
PyDataMemAllocator plain;

void* guardedMalloc(void*, size_t size) {
  char* data = guards->take(size, false);
  return data != nullptr ? data : plain.malloc(plain.ctx, size);
}

void* guardedCalloc(void*, size_t count, size_t item) {
  size_t size = 0;
  char* data = __builtin_mul_overflow(count, item, &size) ? nullptr : guards->take(size, true);
  return data != nullptr ? data : plain.calloc(plain.ctx, count, item);
}

void guardedFree(void*, void* data, size_t size) {
  if (data != nullptr && !guards->give(data)) plain.free(plain.ctx, data, size);
}

void* guardedRealloc(void*, void* data, size_t size) {
  const std::optional<size_t> before = data != nullptr ? guards->sizeOf(data) : size_t{0};
  if (!before) return plain.realloc(plain.ctx, data, size);
  void* moved = guardedMalloc(nullptr, size);
  if (moved == nullptr || data == nullptr) return moved;
  std::memcpy(moved, data, std::min(*before, size));
  guards->give(data);
  return moved;
}

struct sigaction before_segv, before_bus;

/// Says what has been missed, and leaves the rest to who was there before: the instruction is run again.
void handleFault(int signal, siginfo_t* info, void*) {
  if (info->si_code > 0) guards->report(static_cast<const char*>(info->si_addr));
  sigaction(signal, signal == SIGSEGV ? &before_segv : &before_bus, nullptr);
  if (info->si_code <= 0) raise(signal);
}

void installHandler() {
  struct sigaction action {};
  action.sa_sigaction = handleFault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  sigaction(SIGSEGV, &action, &before_segv);
  sigaction(SIGBUS, &action, &before_bus);
}

}  // namespace

bool guardMemory() {
  if (guards != nullptr) return true;
  auto* handler = static_cast<PyDataMem_Handler*>(PyCapsule_GetPointer(PyDataMem_DefaultHandler, "mem_handler"));
  if (handler == nullptr) return false;
  guards = new Guards;
  // A child must not find the mutex taken by a thread that it does not have.
  pthread_atfork([] { guards->lock(); }, [] { guards->unlock(); }, [] { guards->unlock(); });
  installHandler();
  plain = handler->allocator;
  handler->allocator = {plain.ctx, guardedMalloc, guardedCalloc, guardedRealloc, guardedFree};
  return true;
}

GuardCounts guardCounts() { return guards != nullptr ? guards->counts() : GuardCounts{}; }

}  // namespace segue::tests
