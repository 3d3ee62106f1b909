// Functions of numpy.random that are others by another name.
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// rand(3, 4) is random_sample((3, 4)).
Traced<ValueRef> bySizes(Tracer& t, const BuiltinCall& call, std::string_view draw) {
  if (call.size() == 0 || !call.args.keywords.empty()) return stop(BreakReason::kExceptionEscapes, "sizes by keyword");
  CallArgs args{{call.args.positional[0]}, {}};
  if (call.size() > 1) args.positional.push_back(t.tuple({call.args.positional.begin() + 1, call.args.positional.end()}));
  return t.applyNumpy(draw, args);
}

Traced<ValueRef> rand(Tracer& t, const BuiltinCall& call) { return bySizes(t, call, "numpy.random.RandomState.random_sample"); }
SEGUE_BUILTIN("numpy.random.RandomState.rand", rand);

Traced<ValueRef> randn(Tracer& t, const BuiltinCall& call) {
  return bySizes(t, call, "numpy.random.RandomState.standard_normal");
}
SEGUE_BUILTIN("numpy.random.RandomState.randn", randn);

/// np.random.ranf and sample are functions, which call the method of the state behind np.random.
Traced<ValueRef> ranf(Tracer& t, const BuiltinCall& call) {
  static PyObject* const kState = libraryObject("numpy.random.mtrand", "_rand");
  CallArgs args{{t.wrap(kState, t.sources().constant(kState))}, call.args.keywords};
  args.positional.insert(args.positional.end(), call.args.positional.begin(), call.args.positional.end());
  return t.applyNumpy("numpy.random.RandomState.random_sample", args);
}
SEGUE_BUILTIN("numpy.random.ranf", ranf);
SEGUE_BUILTIN("numpy.random.sample", ranf);

}  // namespace
}  // namespace segue
