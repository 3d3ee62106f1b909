#include "trace/values/enum_member.h"

#include "trace/attributes.h"
#include "trace/tracer.h"
#include "trace/values/instance.h"

namespace segue {

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

ValueRef plainValue(Tracer& t, ValueRef value, const char* special) {
  auto* instance = as<InstanceValue>(value);
  if (instance == nullptr || !instance->live() || !isEnumMember(instance->live())) return nullptr;
  if (special != nullptr) {
    BorrowedRef found = lookupOnType(t, instance->type(), t.internedName(special));
    if (found && Py_TYPE(found) != &PyWrapperDescr_Type && Py_TYPE(found) != &PyMethodDescr_Type) return nullptr;
  }
  BorrowedRef live = instance->live();
  return t.constant(PyLong_Check(live.get()) ? Ref::steal(PyLong_FromLongLong(PyLong_AsLongLong(live)))
                                             : Ref::steal(PyUnicode_FromObject(live)));
}

}  // namespace segue
