// Members of an IntEnum, StrEnum or IntFlag: instances that are an int or a str as well. What their class leaves to int
// or str is done with the plain number or text, which is a constant, because the member is guarded to be this one.
#pragma once

#include "trace/values/instance.h"

namespace segue {

class EnumMemberValue final : public InstanceValue {
 public:
  EnumMemberValue(ObjectId object, Source source, BorrowedRef live)
      : InstanceValue(object, Py_TYPE(live), source, live) {}
  ValueRef plain(Tracer& t) const override;

  Traced<ValueRef> binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) override;
  Traced<ValueRef> inplaceSlot(Tracer& t, BinaryOp op, ValueRef other) override;
  Traced<ValueRef> unarySlot(Tracer& t, UnaryOp op) override;
  Traced<ValueRef> compareSlot(Tracer& t, CompareOp op, ValueRef other) override;
  Traced<bool> truthSlot(Tracer& t) override;
  Traced<ValueRef> lengthSlot(Tracer& t) override;
  Traced<ValueRef> getItemSlot(Tracer& t, ValueRef key) override;
  Traced<bool> containsSlot(Tracer& t, ValueRef item) override;
  Traced<ValueRef> iterSlot(Tracer& t) override;
  Traced<ValueRef> formatSlot(Tracer& t, ValueRef spec) override;
  Traced<Ref> keySlot(Tracer& t) override;

 private:
  /// plain(), or null where the class defines the special method in Python.
  ValueRef plainFor(Tracer& t, const char* special) const;
};

/// The plain int or str that the value is, when it is such a member; null otherwise.
ValueRef plainValue(Tracer& t, ValueRef value);

}  // namespace segue
