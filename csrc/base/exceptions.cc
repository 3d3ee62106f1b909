#include "base/exceptions.h"

#include "base/ref.h"

namespace segue {

std::string takeException() {
  PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  Ref held_type = Ref::steal(type), held_value = Ref::steal(value), held_traceback = Ref::steal(traceback);
  std::string text = held_type ? reinterpret_cast<PyTypeObject*>(type)->tp_name : "unknown error";
  Ref words = held_value ? Ref::steal(PyObject_Str(value)) : Ref();
  const char* utf8 = words ? PyUnicode_AsUTF8(words.get()) : nullptr;
  if (utf8 != nullptr && *utf8 != '\0') text += std::string(": ") + utf8;
  PyErr_Clear();
  return text;
}

}  // namespace segue
