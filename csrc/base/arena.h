// Bump allocation for the objects of one trace or one graph: they die together, so nothing is freed one by one.
// Objects with destructors (those that hold a Ref) are destroyed in reverse order when the arena goes.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace segue {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() {
    for (auto it = destructors_.rbegin(); it != destructors_.rend(); ++it) it->destroy(it->object);
  }

  template <class T, class... Args>
  T* make(Args&&... args) {
    T* object = new (allocate(sizeof(T), alignof(T))) T(std::forward<Args>(args)...);
    if constexpr (!std::is_trivially_destructible_v<T>) {
      destructors_.push_back({object, [](void* p) { static_cast<T*>(p)->~T(); }});
    }
    return object;
  }

  /// Uninitialised memory that lives as long as the arena.
  void* allocate(size_t size, size_t alignment) {
    size_t start = (used_ + alignment - 1) & ~(alignment - 1);
    if (blocks_.empty() || start + size > kBlockSize) {
      blocks_.push_back(std::make_unique<std::byte[]>(size > kBlockSize ? size : kBlockSize));
      start = 0;
    }
    used_ = start + size;
    bytes_ += size;
    return blocks_.back().get() + start;
  }

  /// Bytes handed out so far.
  size_t bytes() const { return bytes_; }

 private:
  static constexpr size_t kBlockSize = 16 * 1024;
  struct Destructor {
    void* object;
    void (*destroy)(void*);
  };
  std::vector<std::unique_ptr<std::byte[]>> blocks_;  ///< the last one is being filled
  std::vector<Destructor> destructors_;               ///< in order of construction
  size_t used_ = 0;                                   ///< bytes used of the last block
  size_t bytes_ = 0;
};

}  // namespace segue
