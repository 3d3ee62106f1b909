// Objects of ours that are shared under the GIL: the count is in the object and needs no atomic operations.
#pragma once

#include <cstdint>
#include <utility>

namespace segue {

/// How many own an object. Copies of the object start without owners, and assignment leaves it those that it has.
struct Owners {
  uint32_t count = 0;
  Owners() = default;
  Owners(const Owners& /*other*/) {}
  Owners& operator=(const Owners& /*other*/) { return *this; }
};

/// Owns one count of a T, which has a member `Owners owners`; the last one deletes it.
template <class T>
class Counted {
 public:
  Counted() = default;
  explicit Counted(T* object) : object_(object) {
    if (object_ != nullptr) object_->owners.count++;
  }
  Counted(const Counted& other) : Counted(other.object_) {}
  Counted(Counted&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Counted& operator=(Counted other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Counted() {
    if (object_ != nullptr && --object_->owners.count == 0) [[unlikely]] remove(object_);
  }
  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  [[gnu::noinline]] static void remove(T* object) { delete object; }
  T* object_ = nullptr;
};

}  // namespace segue
