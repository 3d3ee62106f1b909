// A value that is made when it is first asked for, by code that may run Python.
#pragma once

#include <memory>
#include <utility>

namespace segue {

/// To be a static variable: `static constinit Once<T> once; return once.get([] { … });`. A plain local static would hold a lock
/// of its own while it is made: should Python code run meanwhile (an import, a finalizer), another thread that has the GIL
/// could wait for that lock for good, and the same thread could come back to it. Here the GIL is all: whoever is done first
/// wins. Never freed, as the interpreter may be gone by then.
template <typename T>
class Once {
 public:
  constexpr Once() = default;
  Once(const Once&) = delete;

  template <typename Make>
  const T& get(Make make) {
    if (value_ == nullptr) [[unlikely]] {
      auto made = std::make_unique<T>(make());
      if (value_ == nullptr) value_ = made.release();
    }
    return *value_;
  }

 private:
  const T* value_ = nullptr;
};

}  // namespace segue
