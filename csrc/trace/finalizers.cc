#include "trace/finalizers.h"

#include "trace/tracer.h"
#include "trace/values/basic.h"
#include "trace/values/instance.h"

namespace segue {
namespace {

/// The object itself, of those kinds of values that stand for objects with finalizers.
BorrowedRef liveObject(ValueRef value) {
  if (auto* pending = as<PendingValue>(value)) return pending->live();
  if (auto* instance = as<InstanceValue>(value)) return instance->live();
  if (auto* opaque = as<OpaqueValue>(value)) return opaque->live();
  return nullptr;
}

}  // namespace

Traced<void> letGo(Tracer& t, ValueRef value) {
  if (t.frame().function != nullptr || value == nullptr || !value->source()) return {};
  SourceKind kind = t.sources().node(*value->source()).kind;
  if (kind != SourceKind::kLocal && kind != SourceKind::kStack) return {};  // something else holds it
  BorrowedRef live = liveObject(value);
  if (!live || Py_TYPE(live)->tp_finalize == nullptr) return {};
  return stop(BreakReason::kUnsupportedOperation,
              std::string("letting go of an object with a finalizer: ") + Py_TYPE(live)->tp_name);
}

}  // namespace segue
