// What the models of itertools share.
#pragma once

#include "trace/values/iterator.h"

namespace segue {

/// An iterator whose type is the class that was called.
class ItertoolsIterator : public IteratorValue {
 public:
  PyTypeObject* type() const override { return reinterpret_cast<PyTypeObject*>(cls_.get()); }

 protected:
  ItertoolsIterator(ObjectId object, BorrowedRef cls) : IteratorValue(object), cls_(Ref::borrow(cls)) {}
  ~ItertoolsIterator() = default;
  BorrowedRef cls() const { return cls_; }

 private:
  Ref cls_;
};

}  // namespace segue
