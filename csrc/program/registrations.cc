#include "program/registrations.h"

#include "base/check.h"
#include "base/imports.h"
#include "base/once.h"
#include "base/ref.h"

namespace segue {

// A function of C that reads a counter.
int64_t abstractRegistrations() {
  static constinit Once<Ref> function;
  const Ref& read = function.get([] {
    Ref module = importModule("_abc");
    return Ref::steal(module ? PyObject_GetAttrString(module.get(), "get_cache_token") : nullptr);
  });
  SEGUE_CHECK(read, "_abc has no get_cache_token");
  Ref token = Ref::steal(PyObject_CallNoArgs(read.get()));
  SEGUE_CHECK(token, "_abc.get_cache_token() failed");
  return PyLong_AsLongLong(token.get());
}

}  // namespace segue
