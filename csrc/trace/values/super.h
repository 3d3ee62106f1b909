// super(cls, self): attribute lookup that starts behind cls in the MRO of type(self).
#pragma once

#include "trace/values/value.h"

namespace segue {

/// super(cls, self).name.
Traced<ValueRef> superAttr(Tracer& t, ValueRef cls, ValueRef self, BorrowedRef name);

class SuperValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kSuper;
  SuperValue(ValueRef cls, ValueRef self) : Value(kKind), cls_(cls), self_(self) {}
  PyTypeObject* type() const override { return &PySuper_Type; }
  Traced<bool> truthSlot(Tracer& t) override { return true; }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override { return superAttr(t, cls_, self_, name); }

 private:
  ValueRef cls_, self_;
};

}  // namespace segue
