// Functions that are simply called while tracing, on constants, and what they return.
//
// A function is on the list when its result depends on its arguments alone (no locale, no environment, no files), it
// changes nothing, and it keeps no argument. Its arguments are constants, or fresh lists, tuples and dicts of
// constants.
#include "trace/builtins/pure.h"

#include "base/interrupt.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/constant.h"
#include "trace/values/dict.h"
#include "trace/values/graph_values.h"
#include "trace/values/list.h"
#include "trace/values/set.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

// --- the list

SEGUE_PURE("base64.b64decode");
SEGUE_PURE("base64.b64encode");
SEGUE_PURE("binascii.crc32");
SEGUE_PURE("binascii.hexlify");
SEGUE_PURE("binascii.unhexlify");
SEGUE_PURE("calendar.isleap");
SEGUE_PURE("calendar.leapdays");
SEGUE_PURE("calendar.monthrange");
SEGUE_PURE("colorsys.hls_to_rgb");
SEGUE_PURE("colorsys.hsv_to_rgb");
SEGUE_PURE("colorsys.rgb_to_hls");
SEGUE_PURE("colorsys.rgb_to_hsv");
SEGUE_PURE("html.escape");
SEGUE_PURE("html.unescape");
SEGUE_PURE("json.dumps");
SEGUE_PURE("json.loads");
SEGUE_PURE("keyword.iskeyword");
SEGUE_PURE("numpy.broadcast_shapes");
SEGUE_PURE("numpy.format_float_positional");
SEGUE_PURE("numpy.format_float_scientific");
SEGUE_PURE("numpy.min_scalar_type");
SEGUE_PURE("posixpath.basename");
SEGUE_PURE("posixpath.commonprefix");
SEGUE_PURE("posixpath.dirname");
SEGUE_PURE("posixpath.isabs");
SEGUE_PURE("posixpath.join");
SEGUE_PURE("posixpath.normpath");
SEGUE_PURE("posixpath.split");
SEGUE_PURE("posixpath.splitext");
SEGUE_PURE("re.escape");
SEGUE_PURE("shlex.quote");
SEGUE_PURE("statistics.fmean");
SEGUE_PURE("statistics.mean");
SEGUE_PURE("statistics.median");
SEGUE_PURE("statistics.pstdev");
SEGUE_PURE("statistics.stdev");
SEGUE_PURE("statistics.variance");
SEGUE_PURE("string.capwords");
SEGUE_PURE("struct.calcsize");
SEGUE_PURE("struct.pack");
SEGUE_PURE("struct.unpack");
SEGUE_PURE("textwrap.dedent");
SEGUE_PURE("textwrap.fill");
SEGUE_PURE("textwrap.indent");
SEGUE_PURE("textwrap.shorten");
SEGUE_PURE("textwrap.wrap");
SEGUE_PURE("unicodedata.category");
SEGUE_PURE("unicodedata.name");
SEGUE_PURE("unicodedata.normalize");
SEGUE_PURE("urllib.parse.quote");
SEGUE_PURE("urllib.parse.unquote");
SEGUE_PURE("zlib.adler32");
SEGUE_PURE("zlib.crc32");

// --- arguments and results

constexpr int kDeepest = 8;  ///< containers in containers; a list may hold itself

}  // namespace

Ref constantObject(Tracer& t, ValueRef value, int depth) {
  value = t.resolve(value);
  if (BorrowedRef constant = specialize(t, value)) return isFoldable(constant) ? Ref::borrow(constant) : Ref();
  if (depth > kDeepest) return nullptr;
  auto fill = [&](Ref made, const std::vector<ValueRef>& items, auto set) -> Ref {
    for (size_t i = 0; i < items.size(); ++i) {
      Ref item = constantObject(t, items[i], depth + 1);
      if (!item) return nullptr;
      set(made.get(), static_cast<Py_ssize_t>(i), item.release());
    }
    return made;
  };
  if (auto* list = as<ListValue>(value)) {
    std::vector<ValueRef> items = list->items(t);
    return fill(Ref::steal(PyList_New(static_cast<Py_ssize_t>(items.size()))), items, PyList_SetItem);
  }
  if (auto* tuple = as<TupleValue>(value); tuple != nullptr && tuple->type() == &PyTuple_Type) {
    std::vector<ValueRef> items(tuple->items().begin(), tuple->items().end());
    return fill(Ref::steal(PyTuple_New(static_cast<Py_ssize_t>(items.size()))), items, PyTuple_SetItem);
  }
  if (auto* set = as<SetValue>(value)) return constantSet(t, set);
  auto* dict = as<DictValue>(value);
  if (dict == nullptr || dict->type() != &PyDict_Type) return nullptr;
  Traced<const std::vector<DictEntry>*> entries = dict->entries(t);
  if (!entries.ok()) return nullptr;
  Ref made = Ref::steal(PyDict_New());
  for (const DictEntry& entry : std::vector<DictEntry>(*entries.value())) {
    Ref key = constantObject(t, entry.key_value, depth + 1);
    Ref item = constantObject(t, entry.value, depth + 1);
    if (!key || !item) return nullptr;
    PyDict_SetItem(made.get(), key.get(), item.get());
  }
  return made;
}

namespace {

/// The value of a new object: a constant, or containers of these made anew in every run.
Traced<ValueRef> unfolded(Tracer& t, BorrowedRef object) {
  if (isFoldable(object) || PyArray_DescrCheck(object.get())) return t.constant(object);
  if (PyList_CheckExact(object.get()) || PyTuple_CheckExact(object.get())) {
    std::vector<ValueRef> items;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(object.get()); ++i) {
      SEGUE_TRY(ValueRef item, unfolded(t, PySequence_Fast_GET_ITEM(object.get(), i)));
      items.push_back(item);
    }
    if (PyTuple_CheckExact(object.get())) return t.tuple({items.begin(), items.end()});
    return t.list(std::move(items));
  }
  if (!PyDict_CheckExact(object.get())) {
    return stop(BreakReason::kBuiltinNotModelled, std::string("a function that returns a ") + Py_TYPE(object)->tp_name);
  }
  DictValue* dict = makeDict(t);
  Py_ssize_t position = 0;
  PyObject *key, *item;
  while (PyDict_Next(object, &position, &key, &item)) {
    SEGUE_TRY(ValueRef value, unfolded(t, item));
    SEGUE_TRY_VOID(dict->set(t, t.constant(BorrowedRef(key)), value));
  }
  return dict;
}

/// math.sqrt(x) of a number that is no constant: an operator of the graph, where ops.yaml has it.
bool isScalarCall(Tracer& t, const BuiltinCall& call) {
  if (call.size() == 0 || !call.args.keywords.empty() || findNumpyCallable(call.function) == nullptr) return false;
  bool constant = true;
  for (ValueRef arg : call.args.positional) {
    ValueKind kind = t.resolve(arg)->kind();
    if (kind != ValueKind::kScalar && kind != ValueKind::kInt && kind != ValueKind::kConstant) return false;
    constant = constant && kind == ValueKind::kConstant;
  }
  return !constant;
}

/// An argument: a constant, or for a class method like int.from_bytes its own class.
Ref argument(Tracer& t, const BuiltinCall& call, ValueRef value) {
  value = t.resolve(value);
  bool own_class = Py_TYPE(call.function) == &PyClassMethodDescr_Type && value->kind() == ValueKind::kClass &&
                   value->constant().get() == reinterpret_cast<PyObject*>(PyDescr_TYPE(call.function.get()));
  return own_class ? Ref::borrow(value->constant()) : constantObject(t, value);
}

}  // namespace

Traced<ValueRef> callPure(Tracer& t, const BuiltinCall& call) {
  if (isScalarCall(t, call)) {
    absl::InlinedVector<ValueRef, 3> args;
    for (ValueRef arg : call.args.positional) args.push_back(t.resolve(arg));
    return scalarOperator(t, findNumpyCallable(call.function)->name, args, [&](absl::Span<PyObject* const> x) {
      return PyObject_Vectorcall(call.function, x.data(), x.size(), nullptr);
    });
  }
  auto needed = [&] { return stop(BreakReason::kConstantNeeded, "an argument of " + describeCallable(call.function)); };
  Ref args = Ref::steal(PyTuple_New(static_cast<Py_ssize_t>(call.size())));
  Ref keywords = Ref::steal(PyDict_New());
  for (size_t i = 0; i < call.size(); ++i) {
    Ref object = argument(t, call, call.args.positional[i]);
    if (!object) return needed();
    PyTuple_SET_ITEM(args.get(), static_cast<Py_ssize_t>(i), object.release());
  }
  for (const Keyword& keyword : call.args.keywords) {
    Ref object = argument(t, call, keyword.value);
    if (!object) return needed();
    PyDict_SetItem(keywords.get(), keyword.name.get(), object.get());
  }
  auto run = [&] { return PyObject_Call(call.function, args.get(), keywords.get()); };
  Ref result = Ref::steal(run());
  if (result) return unfolded(t, result);
  // One of a function written in Python may have causes and attributes, or be a signal's.
  if (!PyFunction_Check(call.function.get()) && PyErr_ExceptionMatches(PyExc_Exception)) return t.raiseCurrent();
  clearFailure(run);
  return stop(BreakReason::kExceptionEscapes, describeCallable(call.function) + " raises");
}

}  // namespace segue
