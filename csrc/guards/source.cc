#include "guards/source.h"

#include "absl/strings/str_cat.h"
#include "program/constants.h"

namespace segue {
namespace {

/// A text that is equal for objects that make the same path: by value for keys and names, by address for an object that is
/// the path's head.
std::string objectKey(SourceKind kind, BorrowedRef object) {
  if (!object) return "";
  if (kind == SourceKind::kConstant || !comparesByValue(object)) {
    return absl::StrCat("@", absl::Hex(reinterpret_cast<uintptr_t>(object.get())));
  }
  // The hash alone could collide; the text of a long constant may be cut. Both together with the type are what two
  // different constants would have to share.
  Py_ssize_t size = PyObject_Size(object);
  if (size < 0) PyErr_Clear();
  return absl::StrCat(Py_TYPE(object.get())->tp_name, ":", absl::Hex(constantHash(object)), ":", size, ":",
                      shortRepr(object, 4096));
}

const char* memberText(SourceMember member) {
  switch (member) {
    case SourceMember::kMethodSelf: return ".__self__";
    case SourceMember::kMethodFunction: return ".__func__";
    case SourceMember::kFunctionDefaults: return ".__defaults__";
    case SourceMember::kFunctionKwDefaults: return ".__kwdefaults__";
    case SourceMember::kFunctionClosure: return ".__closure__";
    case SourceMember::kFunctionGlobals: return ".__globals__";
    case SourceMember::kFunctionCode: return ".__code__";
    case SourceMember::kFunctionName:
    case SourceMember::kClassName: return ".__name__";
    case SourceMember::kFunctionQualname:
    case SourceMember::kClassQualname: return ".__qualname__";
    case SourceMember::kClassMro: return ".__mro__";
    case SourceMember::kClassBases: return ".__bases__";
    case SourceMember::kFunctionDoc: return ".__doc__";
    case SourceMember::kFunctionModule: return ".__module__";
    case SourceMember::kFunctionDict: return ".__dict__";
    case SourceMember::kPartialFunc: return ".func";
    case SourceMember::kPartialArgs: return ".args";
    case SourceMember::kPartialKeywords: return ".keywords";
    case SourceMember::kDefaultFactory: return ".default_factory";
    case SourceMember::kSliceStart:
    case SourceMember::kRangeStart: return ".start";
    case SourceMember::kSliceStop:
    case SourceMember::kRangeStop: return ".stop";
    case SourceMember::kSliceStep:
    case SourceMember::kRangeStep: return ".step";
    case SourceMember::kType: return ".__class__";
    case SourceMember::kInstanceDict: return ".__dict__";
    case SourceMember::kArrayBase: return ".base";
  }
  return ".?";
}

std::string utf8(PyObject* text) {
  const char* data = text != nullptr && PyUnicode_Check(text) ? PyUnicode_AsUTF8(text) : nullptr;
  if (data != nullptr) return data;
  PyErr_Clear();
  return "?";
}

/// The name of localsplus slot `slot`; free variables count from the end.
std::string slotName(BorrowedRef code_object, int slot, bool free) {
  if (!code_object) return absl::StrCat(slot);
  auto* code = reinterpret_cast<PyCodeObject*>(code_object.get());
  int at = free ? code->co_nlocalsplus - code->co_nfreevars + slot : slot;
  if (at < 0 || at >= PyTuple_GET_SIZE(code->co_localsplusnames)) return absl::StrCat(slot);
  return absl::StrCat("'", utf8(PyTuple_GET_ITEM(code->co_localsplusnames, at)), "'");
}

/// A constant that stands at the head of a path: a module or function by its name alone.
std::string constantText(BorrowedRef object) {
  std::string text = shortRepr(object, 40);
  for (const std::string& prefix : {std::string("module "), std::string("function ")}) {
    if (text.rfind(prefix, 0) == 0) return text.substr(prefix.size());
  }
  return text;
}

}  // namespace

Source SourceTable::intern(SourceKind kind, Source parent, int index, BorrowedRef object) {
  std::string key = absl::StrCat(static_cast<int>(kind), " ", parent.id, " ", index, " ", objectKey(kind, object));
  auto [it, fresh] = by_key_.try_emplace(std::move(key), static_cast<uint32_t>(nodes_.size()));
  if (fresh) nodes_.push_back({kind, parent, index, Ref::borrow(object)});
  return Source{it->second};
}

std::string SourceTable::print(Source source, BorrowedRef code) const {
  const SourceNode& n = node(source);
  switch (n.kind) {
    case SourceKind::kLocal:
    case SourceKind::kCell: return absl::StrCat("L[", slotName(code, n.index, false), "]");
    case SourceKind::kFreeVar: return absl::StrCat("L[", slotName(code, n.index, true), "]");
    case SourceKind::kStack: return absl::StrCat("stack[", n.index, "]");
    case SourceKind::kFunction: return "function";
    case SourceKind::kGlobals: return "G";
    case SourceKind::kBuiltins: return "B";
    case SourceKind::kHandled: return "sys.exception()";
    case SourceKind::kConstant: return constantText(n.object);
    case SourceKind::kAttr: return absl::StrCat(print(n.parent, code), ".", utf8(n.object.get()));
    case SourceKind::kItem: return absl::StrCat(print(n.parent, code), "[", n.index, "]");
    case SourceKind::kKey: return absl::StrCat(print(n.parent, code), "[", shortRepr(n.object), "]");
    case SourceKind::kCellContents: return absl::StrCat(print(n.parent, code), ".cell_contents");
    case SourceKind::kMember:
      return absl::StrCat(print(n.parent, code), memberText(static_cast<SourceMember>(n.index)));
  }
  return "?";
}

}  // namespace segue
