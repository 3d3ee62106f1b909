// types.SimpleNamespace: an instance that holds nothing but attributes, of a class that C code makes.
#include "base/objects.h"
#include "trace/builtins/registry.h"
#include "trace/tracer.h"
#include "trace/values/basic.h"
#include "trace/values/plain_instance.h"

namespace segue {
namespace {

PyTypeObject* namespaceClass() {
  static PyObject* const kClass = libraryObject("types", "SimpleNamespace");
  return reinterpret_cast<PyTypeObject*>(kClass);
}

bool isNamespace(BorrowedRef live) {
  return Py_TYPE(live) == namespaceClass();
}
SEGUE_WRAPS_IF(isNamespace, wrapInstance);

Traced<ValueRef> classNamespace(Tracer& t, const BuiltinCall& call) {
  if (call.size() > 0) return stop(BreakReason::kBuiltinNotModelled, "SimpleNamespace() of a mapping");
  InstanceValue* made = makeInstance(t, namespaceClass());
  for (const Keyword& keyword : call.args.keywords) made->storeAttr(t, keyword.name, t.resolve(keyword.value));
  return made;
}
SEGUE_BUILTIN("types.SimpleNamespace", classNamespace);

}  // namespace
}  // namespace segue
