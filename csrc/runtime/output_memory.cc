#include "runtime/output_memory.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>

#include "base/check.h"
#include "base/fault.h"
#include "base/objects.h"
#include "base/ref.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace segue {
namespace {

/// In front of every block's data, so that these start at a cache line, which stores past the cache need.
struct alignas(64) Header {
  size_t capacity;
};
constexpr size_t kHugePage = size_t{1} << 21;
/// NumPy's domain of tracemalloc (NPY_TRACE_DOMAIN in its headers since 2.1).
constexpr unsigned kTraceDomain = 389047;

Header* headerOf(void* data) { return static_cast<Header*>(data) - 1; }

Header* allocate(size_t bytes) {
  const bool huge = bytes >= 2 * kHugePage;
  const size_t unit = huge ? kHugePage : 4096;
  const size_t whole = (bytes + sizeof(Header) + unit - 1) / unit * unit;
  if (whole < bytes) return nullptr;
  void* block = std::aligned_alloc(unit, whole);
  if (block == nullptr) return nullptr;
#if defined(__linux__)
  if (huge) madvise(block, whole, MADV_HUGEPAGE);
#endif
  auto* header = static_cast<Header*>(block);
  header->capacity = whole - sizeof(Header);
  return header;
}

class Pool {
 public:
  void* take(size_t bytes) {
    if (Header* known = takeKept(bytes)) return known + 1;
    Header* made = allocate(bytes);
    if (made == nullptr) {
      setAside(0);   // what is kept may be what is missing
      made = allocate(bytes);
    }
    return made != nullptr ? made + 1 : nullptr;
  }

  void give(void* data) {
    Header* block = headerOf(data);
    {
      std::lock_guard lock(mutex_);
      kept_.push_back(block);
      kept_bytes_ += block->capacity;
    }
    if (!SEGUE_FAULT(OutputMemoryUnbounded)) setAside(static_cast<size_t>(limit()));
  }

  /// Gives the oldest blocks back until no more than `bytes` are kept.
  void setAside(size_t bytes) {
    std::lock_guard lock(mutex_);
    while (kept_bytes_ > bytes) {
      kept_bytes_ -= kept_.front()->capacity;
      std::free(kept_.front());
      kept_.pop_front();
    }
  }

  int64_t limit() const { return limit_.load(std::memory_order_relaxed); }
  void setLimit(int64_t bytes) { limit_.store(bytes, std::memory_order_relaxed); }

 private:
  /// The latest block that is large enough and not much too large.
  Header* takeKept(size_t bytes) {
    std::lock_guard lock(mutex_);
    for (size_t i = kept_.size(); i-- > 0;) {
      Header* block = kept_[i];
      const size_t spare = block->capacity - std::min(block->capacity, bytes);
      const bool fits = block->capacity >= bytes || SEGUE_FAULT(OutputMemoryTooSmall);
      if (!fits || spare > bytes / 4 + kHugePage) continue;
      kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(i));
      kept_bytes_ -= block->capacity;
      return block;
    }
    return nullptr;
  }

  std::mutex mutex_;
  std::deque<Header*> kept_;        ///< oldest first
  size_t kept_bytes_ = 0;
  std::atomic<int64_t> limit_ = int64_t{256} << 20;
};

/// Never destroyed: arrays may die while the process ends.
Pool& pool() {
  static auto* it = new Pool;
  return *it;
}

void* poolMalloc(void*, size_t bytes) { return pool().take(bytes); }

void* poolCalloc(void*, size_t count, size_t size) {
  size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) return nullptr;
  void* data = pool().take(bytes);
  return data != nullptr ? std::memset(data, 0, bytes) : nullptr;
}

void poolFree(void*, void* data, size_t) {
  if (data != nullptr) pool().give(data);
}

void* poolRealloc(void*, void* data, size_t bytes) {
  if (data == nullptr) return pool().take(bytes);
  const size_t capacity = headerOf(data)->capacity;
  if (capacity >= bytes && capacity - bytes <= bytes / 4 + kHugePage) return data;
  void* moved = pool().take(bytes);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, data, std::min(bytes, capacity));
  pool().give(data);
  return moved;
}

PyDataMem_Handler handler = {"segue", 1, {nullptr, poolMalloc, poolCalloc, poolRealloc, poolFree}};

/// NumPy's name for the handler; null with an exception when there is no memory.
PyObject* handlerCapsule() {
  static PyObject* capsule = PyCapsule_New(&handler, "mem_handler", nullptr);
  return capsule;
}

}  // namespace

bool mayPoolArrays() {
  if (pool().limit() == 0) return false;
  Ref current = Ref::steal(PyDataMem_GetHandler());
  if (!current) PyErr_Clear();
  return (current && current.get() == PyDataMem_DefaultHandler) || SEGUE_FAULT(OutputMemoryForced);
}

PyObject* pooledArray(PyArray_Descr* descr, bool f_order, absl::Span<const int64_t> shape, int64_t bytes) {
  PyObject* capsule = handlerCapsule();
  if (capsule == nullptr) return nullptr;
  void* data = pool().take(static_cast<size_t>(bytes));
  if (data == nullptr) return PyErr_NoMemory();
  Py_INCREF(descr);
  PyObject* made = PyArray_NewFromDescr(&PyArray_Type, descr, static_cast<int>(shape.size()), shape.data(), nullptr, data,
                                        f_order ? NPY_ARRAY_FARRAY : NPY_ARRAY_CARRAY, nullptr);
  if (made == nullptr) {
    pool().give(data);
    return nullptr;
  }
  segue_trace_memory(kTraceDomain, data, static_cast<size_t>(bytes));
  auto* fields = reinterpret_cast<PyArrayObject_fields*>(made);
  fields->flags |= NPY_ARRAY_OWNDATA;
  fields->mem_handler = Py_NewRef(capsule);
  return made;
}

int64_t outputMemoryLimit() { return pool().limit(); }

void setOutputMemoryLimit(int64_t bytes) {
  pool().setLimit(bytes);
  pool().setAside(static_cast<size_t>(bytes));
}

void releaseOutputMemory() { pool().setAside(0); }

}  // namespace segue
