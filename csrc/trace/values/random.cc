#include "trace/values/random.h"

#include <cstring>

#include "absl/strings/str_format.h"
#include "base/random_state.h"
#include "trace/builtins/registry.h"
#include "trace/tracer.h"
#include "trace/values/builtin.h"

namespace segue {
namespace {

bool isRandom(BorrowedRef live) {
  return strncmp(Py_TYPE(live)->tp_name, "numpy.random.", 13) == 0 && hasKnownRandomState(live);
}

ValueRef wrapRandom(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&] {
    t.guardType(source, live);
    return t.make<RandomValue>(live, source);
  });
}

SEGUE_WRAPS_IF(isRandom, wrapRandom);

}  // namespace

Traced<ValueRef> RandomValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  BorrowedRef found = _PyType_Lookup(type(), name);
  if (found && (findNumpyCallable(found) != nullptr || findBuiltin(found) != nullptr)) return t.make<MethodValue>(t.constant(found), this);
  return stop(BreakReason::kOpaqueValue, absl::StrFormat("%s.%s", type()->tp_name, std::string(textOf(name))));
}

// A generator on another bit generator than NumPy's is told by the plan, when it saves the state.
Traced<Arg> RandomValue::argSlot(Tracer& t) {
  if (node_ == nullptr) node_ = t.addInput(*source(), Type::scalar(TypeKind::kOpaque));
  return Arg(Graph::use(node_));
}

}  // namespace segue
