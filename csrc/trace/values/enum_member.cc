#include "trace/values/enum_member.h"

#include "trace/attributes.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/string.h"

namespace segue {
namespace {

bool isEnumMember(BorrowedRef live) {
  PyTypeObject* type = Py_TYPE(live);
  if (!(type->tp_flags & Py_TPFLAGS_HEAPTYPE) || strcmp(Py_TYPE(type)->tp_name, "EnumType") != 0) return false;
  auto comparesAs = [&](const PyTypeObject& base) {
    return type->tp_richcompare == base.tp_richcompare && type->tp_hash == base.tp_hash;
  };
  if (PyUnicode_Check(live.get())) return comparesAs(PyUnicode_Type);
  if (!PyLong_Check(live.get()) || !comparesAs(PyLong_Type)) return false;
  int overflow = 0;
  PyLong_AsLongLongAndOverflow(live, &overflow);
  return overflow == 0;
}

ValueRef wrapEnumMember(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&] {
    t.guardType(source, live);
    t.guardIdentity(source, live);
    return t.make<EnumMemberValue>(t.heap().add(std::make_unique<AttrState>()), source, live);
  });
}
SEGUE_WRAPS_IF(isEnumMember, wrapEnumMember);

}  // namespace

ValueRef EnumMemberValue::plain(Tracer& t) const {
  BorrowedRef member = live();
  return t.constant(PyLong_Check(member.get()) ? Ref::steal(PyLong_FromLongLong(PyLong_AsLongLong(member)))
                                               : Ref::steal(PyUnicode_FromObject(member)));
}

ValueRef EnumMemberValue::plainFor(Tracer& t, const char* special) const {
  BorrowedRef found = lookupOnType(t, type(), t.internedName(special));
  bool in_python = found && Py_TYPE(found) != &PyWrapperDescr_Type && Py_TYPE(found) != &PyMethodDescr_Type;
  return in_python ? nullptr : plain(t);
}

ValueRef plainValue(Tracer& t, ValueRef value) {
  auto* instance = as<InstanceValue>(value);
  return instance != nullptr ? instance->plain(t) : nullptr;
}

Traced<ValueRef> EnumMemberValue::binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) {
  ValueRef plain = plainFor(t, methodOf(op, reflected));
  if (plain == nullptr) return InstanceValue::binarySlot(t, op, other, reflected);
  return reflected ? binary(t, op, other, plain) : binary(t, op, plain, other);
}

Traced<ValueRef> EnumMemberValue::inplaceSlot(Tracer& t, BinaryOp op, ValueRef other) {
  if (plainFor(t, methodOf(op, /*reflected=*/false)) != nullptr) return ValueRef{nullptr};
  return InstanceValue::inplaceSlot(t, op, other);
}

Traced<ValueRef> EnumMemberValue::compareSlot(Tracer& t, CompareOp op, ValueRef other) {
  ValueRef plain = plainFor(t, methodOf(op));
  if (plain == nullptr) return InstanceValue::compareSlot(t, op, other);
  Traced<ValueRef> result = compare(t, op, plain, other);
  if (!result.raised()) return result;
  t.takeRaised();  // CPython's message names the member's class
  return stop(BreakReason::kExceptionEscapes, "comparing " + describe());
}

Traced<ValueRef> EnumMemberValue::unarySlot(Tracer& t, UnaryOp op) {
  ValueRef plain = plainFor(t, methodOf(op));
  return plain != nullptr ? unary(t, op, plain) : InstanceValue::unarySlot(t, op);
}

Traced<bool> EnumMemberValue::truthSlot(Tracer& t) {
  ValueRef plain = plainFor(t, "__bool__");
  return plain != nullptr ? truth(t, plain) : InstanceValue::truthSlot(t);
}

Traced<ValueRef> EnumMemberValue::lengthSlot(Tracer& t) {
  ValueRef plain = plainFor(t, "__len__");
  return plain != nullptr ? length(t, plain) : InstanceValue::lengthSlot(t);
}

Traced<ValueRef> EnumMemberValue::getItemSlot(Tracer& t, ValueRef key) {
  ValueRef plain = plainFor(t, "__getitem__");
  return plain != nullptr ? getItem(t, plain, key) : InstanceValue::getItemSlot(t, key);
}

Traced<bool> EnumMemberValue::containsSlot(Tracer& t, ValueRef item) {
  ValueRef plain = plainFor(t, "__contains__");
  return plain != nullptr ? contains(t, plain, item) : InstanceValue::containsSlot(t, item);
}

Traced<ValueRef> EnumMemberValue::iterSlot(Tracer& t) {
  ValueRef plain = plainFor(t, "__iter__");
  return plain != nullptr ? iter(t, plain) : InstanceValue::iterSlot(t);
}

Traced<ValueRef> EnumMemberValue::formatSlot(Tracer& t, ValueRef spec) {
  ValueRef plain = plainFor(t, "__format__");
  if (plain == nullptr) return InstanceValue::formatSlot(t, spec);
  // Without a specification, the built-in types' __format__ asks str() of a subclass's instance.
  BorrowedRef constant = spec->constant();
  if (constant && PyUnicode_CheckExact(constant) && PyUnicode_GET_LENGTH(constant.get()) == 0) {
    return toText(t, this, TextConversion::kStr);
  }
  return format(t, plain, spec);
}

Traced<Ref> EnumMemberValue::keySlot(Tracer& t) { return key(t, plain(t)); }

}  // namespace segue
