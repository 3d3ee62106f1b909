// Namespaces: the dicts of modules, as globals, builtins and module attributes see them.
//
// A name is an assumption (watched or versioned, free per call). A name that traced code writes would break its assumption
// in every call, so it is read and guarded as an item of the dict instead, and its writes are staged in a DictValue. So is one
// that others have kept replacing.
#include "base/fault.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/dict.h"

namespace segue {

bool Tracer::isWrittenName(BorrowedRef dict, BorrowedRef name) {
  if (staged_names_.contains({dict.get(), name.get()})) return true;
  const Code& code = *frame().code;
  if (dict.get() != frame().globals.get()) return false;
  return code.storesGlobal(name);
}

DictValue* Tracer::namespaceValue(BorrowedRef dict) {
  bool outermost = dict.get() == request_.globals.get();
  return as<DictValue>(wrap(dict, outermost ? sources().globals() : sources().constant(dict)));
}

Traced<ValueRef> Tracer::namespaceItem(BorrowedRef dict, BorrowedRef name) {
  if (isWrittenName(dict, name) || isUnstable(AssumptionKind::kDictValue, dict, name)) {
    SEGUE_TRY(ValueRef value, namespaceValue(dict)->get(*this, constant(name)));
    return value == nullptr ? value : resolve(value);
  }
  BorrowedRef found = PyDict_GetItemWithError(dict, name);
  if (!SEGUE_FAULT(GlobalReadUnguarded)) guards().assumeDictValue(dict, name, found);
  return found ? constant(found) : ValueRef{nullptr};
}

Traced<void> Tracer::setNamespaceItem(BorrowedRef dict, BorrowedRef name, ValueRef value) {
  staged_names_.insert({dict.get(), name.get()});
  return setItem(*this, namespaceValue(dict), constant(name), value);
}

}  // namespace segue
