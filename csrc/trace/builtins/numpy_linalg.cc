// Functions of numpy.linalg whose several results are a named tuple.
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// The operator of that name; its results as an instance of numpy.linalg's class.
Traced<ValueRef> named(Tracer& t, const BuiltinCall& call, std::string_view op, PyObject* cls) {
  SEGUE_TRY(ValueRef results, t.applyNumpy(op, call.args));
  auto* tuple = as<TupleValue>(results);
  SEGUE_CHECK(tuple != nullptr, "an operator with several results");
  return segue::call(t, t.constant(cls), {{tuple->items().begin(), tuple->items().end()}, {}});
}

#define SEGUE_NAMED_RESULTS(function, cls)                                                    \
  Traced<ValueRef> function(Tracer& t, const BuiltinCall& call) {                             \
    static PyObject* const kClass = libraryObject("numpy.linalg._linalg", cls);               \
    return named(t, call, "numpy.linalg." #function, kClass);                                 \
  }                                                                                           \
  SEGUE_BUILTIN("numpy.linalg." #function, function)

SEGUE_NAMED_RESULTS(svd, "SVDResult");
SEGUE_NAMED_RESULTS(qr, "QRResult");
SEGUE_NAMED_RESULTS(eigh, "EighResult");
SEGUE_NAMED_RESULTS(slogdet, "SlogdetResult");
#undef SEGUE_NAMED_RESULTS

}  // namespace
}  // namespace segue
