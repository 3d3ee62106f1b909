#include "base/bit_generator.h"

#include <cstring>
#include <iterator>

namespace segue {
namespace {

/// The first member of bitgen_t.
struct BitGen {
  void* state;
};
/// A class's structure: its size, and what its pointers point to.
struct Layout {
  const char* cls;
  size_t size;
  struct Apart {
    size_t offset, size;
  } apart[2];

  size_t total() const { return size + apart[0].size + apart[1].size; }
};
constexpr Layout kLayouts[] = {
    {"PCG64", 16, {{0, 32}, {0, 0}}},       // pcg64_state: *pcg_state (state, inc), has_uint32, uinteger
    {"PCG64DXSM", 16, {{0, 32}, {0, 0}}},   // the same
    {"SFC64", 40, {{0, 0}, {0, 0}}},        // sfc64_state: s[4], has_uint32, uinteger
    {"Philox", 64, {{0, 32}, {8, 16}}},     // philox_state: *ctr, *key, buffer_pos, buffer[4], has_uint32, uinteger
    {"MT19937", 2500, {{0, 0}, {0, 0}}},    // mt19937_state: key[624], pos
};

void* stateOf(BorrowedRef bits) {
  static PyObject* const kCapsule = PyUnicode_InternFromString("capsule");
  Ref capsule = Ref::steal(PyObject_GetAttr(bits, kCapsule));
  void* found = capsule ? PyCapsule_GetPointer(capsule.get(), "BitGenerator") : nullptr;
  PyErr_Clear();
  return found != nullptr ? static_cast<BitGen*>(found)->state : nullptr;
}

char* pointedTo(void* state, const Layout::Apart& apart) {
  return *reinterpret_cast<char**>(static_cast<char*>(state) + apart.offset);
}

Ref copied(const Layout& layout, void* state) {
  Ref bytes = Ref::steal(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(layout.total())));
  if (!bytes) return nullptr;
  char* to = PyBytes_AS_STRING(bytes.get());
  memcpy(to, state, layout.size);
  to += layout.size;
  for (const Layout::Apart& apart : layout.apart) {
    if (apart.size == 0) continue;
    memcpy(to, pointedTo(state, apart), apart.size);
    to += apart.size;
  }
  return bytes;
}

/// (The pointers are the same ones.)
void putBack(const Layout& layout, void* state, BorrowedRef bytes) {
  const char* from = PyBytes_AS_STRING(bytes.get());
  memcpy(state, from, layout.size);
  from += layout.size;
  for (const Layout::Apart& apart : layout.apart) {
    if (apart.size == 0) continue;
    memcpy(pointedTo(state, apart), from, apart.size);
    from += apart.size;
  }
}

/// The text of bits.state, which may hold arrays.
Ref shownState(BorrowedRef bits) {
  Ref state = Ref::steal(PyObject_GetAttrString(bits, "state"));
  return state ? Ref::steal(PyObject_Repr(state.get())) : Ref();
}

/// Gives the state half of a 64-bit draw that is left, or none, and shows it.
Ref setHalf(BorrowedRef bits, long left) {
  Ref state = Ref::steal(PyObject_GetAttrString(bits, "state"));
  Ref number = Ref::steal(PyLong_FromLong(left));
  if (!state || !number || PyDict_SetItemString(state.get(), "has_uint32", left != 0 ? Py_True : Py_False) < 0 ||
      PyDict_SetItemString(state.get(), "uinteger", number.get()) < 0 || PyObject_SetAttrString(bits, "state", state.get()) < 0) {
    return nullptr;
  }
  return shownState(bits);
}

/// Whether copies of that layout are right for instances of the class.
bool holdsFor(PyTypeObject* cls, const Layout& layout) {
  Ref bits = Ref::steal(PyObject_CallFunction(reinterpret_cast<PyObject*>(cls), "i", 7));
  void* state = bits ? stateOf(bits) : nullptr;
  if (state == nullptr) return false;
  Ref before = setHalf(bits, 12345);
  Ref copy = before ? copied(layout, state) : Ref();
  Ref drawn = Ref::steal(copy ? PyObject_CallMethod(bits.get(), "random_raw", nullptr) : nullptr);
  Ref advanced = drawn ? setHalf(bits, 0) : Ref();
  if (!advanced || PyObject_RichCompareBool(before.get(), advanced.get(), Py_NE) != 1) return false;
  putBack(layout, state, copy);
  Ref after = shownState(bits);
  return after && PyObject_RichCompareBool(before.get(), after.get(), Py_EQ) == 1;
}

struct Known {
  PyTypeObject* cls;
  const Layout* layout;
};

/// By class, tried at the first call; null where there is none. NumPy keeps its classes.
const Layout* layoutOf(PyTypeObject* cls) {
  static Known known[std::size(kLayouts)];
  for (Known& row : known) {
    if (row.cls == cls) return row.layout;
    if (row.cls != nullptr) continue;
    const char* dot = strrchr(cls->tp_name, '.');
    row = {cls, nullptr};
    for (const Layout& layout : kLayouts) {
      if (strcmp(dot != nullptr ? dot + 1 : cls->tp_name, layout.cls) == 0 && holdsFor(cls, layout)) row.layout = &layout;
    }
    PyErr_Clear();
    return row.layout;
  }
  return nullptr;
}

}  // namespace

Ref copyRawState(BorrowedRef bits) {
  const Layout* layout = layoutOf(Py_TYPE(bits.get()));
  void* state = layout != nullptr ? stateOf(bits) : nullptr;
  return state != nullptr ? copied(*layout, state) : Ref();
}

void restoreRawState(BorrowedRef bits, BorrowedRef bytes) {
  if (void* state = stateOf(bits)) putBack(*layoutOf(Py_TYPE(bits.get())), state, bytes);
}

}  // namespace segue
