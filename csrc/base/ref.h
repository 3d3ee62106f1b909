// Owning and borrowed references to Python objects.
//
// `Ref` owns one reference and must be created, copied and destroyed under the GIL. `BorrowedRef` owns nothing: it
// documents that somebody else keeps the object alive for at least as long as the borrow. Raw PyObject* appears only
// at the edge to the C API.
#pragma once

#include "base/python.h"

#include <utility>

namespace segue {

class BorrowedRef {
 public:
  BorrowedRef() = default;
  BorrowedRef(PyObject* object) : object_(object) {}  // NOLINT: borrowing is implicit by design
  PyObject* get() const { return object_; }
  operator PyObject*() const { return object_; }  // NOLINT
  explicit operator bool() const { return object_ != nullptr; }

 private:
  PyObject* object_ = nullptr;  ///< never owned
};

class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}  // NOLINT
  /// Takes over a new reference (may be null: the C API's error return).
  static Ref steal(PyObject* object) { return Ref(object); }
  /// Adds a reference to a borrowed object (may be null).
  static Ref borrow(PyObject* object) { return Ref(Py_XNewRef(object)); }

  Ref(const Ref& other) : object_(Py_XNewRef(other.object_)) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() { Py_XDECREF(object_); }

  PyObject* get() const { return object_; }
  operator BorrowedRef() const { return object_; }  // NOLINT
  explicit operator bool() const { return object_ != nullptr; }
  /// Gives the reference away; this becomes null.
  [[nodiscard]] PyObject* release() { return std::exchange(object_, nullptr); }
  PyTypeObject* type() const { return Py_TYPE(object_); }
  /// Where the reference is kept, for who lends it.
  PyObject** place() { return &object_; }

 private:
  explicit Ref(PyObject* object) : object_(object) {}
  PyObject* object_ = nullptr;  ///< one owned reference, or null
};

}  // namespace segue
