// Settings, counts, records, and which frames may be captured.

#include "base/fault.h"
#include "base/imports.h"
#include "base/once.h"
#include "driver/pipeline.h"

namespace segue {
namespace {

constexpr std::string_view kStances[] = {"default", "force_eager", "eager_on_recompile", "fail_on_recompile"};

/// Records of the blocks that are recording, innermost last. Under the GIL; each thread has its own.
thread_local std::vector<std::vector<CompileRecord>> recordings;

/// file name (str) -> True when it belongs to the standard library or an installed package.
PyObject* library_files = nullptr;

/// The directories of libraries: sysconfig's stdlib, platstdlib, purelib, platlib, and Segue's own.
const std::vector<std::string>& libraryDirectories() {
  static constinit Once<std::vector<std::string>> directories;
  return directories.get([] {
    std::vector<std::string> found;
    Ref sysconfig = importModule("sysconfig");
    for (const char* kind : {"stdlib", "platstdlib", "purelib", "platlib"}) {
      Ref path = sysconfig ? Ref::steal(PyObject_CallMethod(sysconfig.get(), "get_path", "s", kind)) : Ref();
      const char* text = path && PyUnicode_Check(path.get()) ? PyUnicode_AsUTF8(path.get()) : nullptr;
      if (text != nullptr) found.push_back(std::string(text) + "/");
    }
    PyErr_Clear();
    return found;
  });
}

bool isLibraryFile(PyObject* file) {
  const char* text = PyUnicode_AsUTF8(file);
  if (text == nullptr) {
    PyErr_Clear();
    return true;
  }
  std::string_view path(text);
  if (path.starts_with("<frozen ")) return true;
  for (const std::string& directory : libraryDirectories()) {
    if (path.starts_with(directory)) return true;
  }
  return false;
}

bool isKnownLibraryFile(PyObject* file) {
  if (library_files == nullptr) library_files = PyDict_New();
  PyObject* known = library_files != nullptr ? PyDict_GetItemWithError(library_files, file) : nullptr;
  if (known != nullptr) return known == Py_True;
  const bool library = isLibraryFile(file);
  if (library_files == nullptr || PyDict_SetItem(library_files, file, library ? Py_True : Py_False) < 0) PyErr_Clear();
  return library;
}

/// segue.config.capture_modules names the module or a package around it. Segue's own frames never qualify.
bool isNamedModule(PyObject* globals) {
  PyObject* name = PyDict_GetItemString(globals, "__name__");
  const char* text = name != nullptr && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : nullptr;
  PyObject* named = config().capture_modules.get();
  if (text == nullptr || named == nullptr || !PyTuple_Check(named)) return false;
  std::string_view module(text);
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(named); i++) {
    const char* word = PyUnicode_AsUTF8(PyTuple_GET_ITEM(named, i));
    if (word == nullptr) continue;
    std::string_view prefix(word);
    if (module.starts_with(prefix) && (module.size() == prefix.size() || module[prefix.size()] == '.')) return true;
  }
  return false;
}

bool isOwnModule(PyObject* globals) {
  PyObject* name = PyDict_GetItemString(globals, "__name__");
  const char* text = name != nullptr && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : nullptr;
  return text != nullptr && (std::string_view(text) == "segue" || std::string_view(text).starts_with("segue."));
}

}  // namespace

Config& config() {
  static auto* settings = new Config;
  return *settings;
}

Result<Stance> stanceFromName(std::string_view name) {
  for (size_t i = 0; i < std::size(kStances); i++) {
    if (kStances[i] == name) return static_cast<Stance>(i);
  }
  return Error{"unknown stance '" + std::string(name) + "'; known: default, force_eager, eager_on_recompile, fail_on_recompile"};
}

std::string_view stanceName(Stance stance) { return kStances[static_cast<size_t>(stance)]; }
Stance setStance(Stance stance) { return std::exchange(current_stance, stance); }

void beginRecords() { recordings.emplace_back(); }

bool recording() { return !recordings.empty(); }

std::vector<CompileRecord> endRecords() {
  SEGUE_CHECK(!recordings.empty(), "no recording was begun");
  std::vector<CompileRecord> records = std::move(recordings.back());
  recordings.pop_back();
  return records;
}

void addRecord(std::shared_ptr<CompileRecord> record) {
  for (auto& recording : recordings) recording.push_back(*record);
}

SourcePosition sourcePosition(BorrowedRef code, int offset) {
  auto* object = reinterpret_cast<PyCodeObject*>(code.get());
  SourcePosition place;
  const char* file = PyUnicode_AsUTF8(object->co_filename);
  const char* name = PyUnicode_AsUTF8(object->co_qualname);
  place.file = file != nullptr ? file : "?";
  place.function = name != nullptr ? name : "?";
  PyErr_Clear();
  place.line = place.end_line = object->co_firstlineno;
  int line = 0, end_line = 0, column = 0, end_column = 0;
  if (offset < 0 || PyCode_Addr2Location(object, offset, &line, &column, &end_line, &end_column) == 0) return place;
  if (line > 0) place.line = line;
  place.end_line = end_line > 0 ? end_line : place.line;
  place.column = column;
  place.end_column = end_column;
  return place;
}

bool mayCapture(PyCodeObject* code, PyObject* globals, const CompileOptions& options) {
  if (options.capture_all || !isKnownLibraryFile(code->co_filename) || SEGUE_FAULT(LibraryCaptured)) {
    return !isOwnModule(globals);
  }
  return config().capture_modules && isNamedModule(globals);
}

bool isDisabled(PyCodeObject* code) {
  const CodeState* state = CodeState::find(code);
  return state != nullptr && state->disabled;
}

bool disableCode(PyCodeObject* code) {
  CodeState* state = CodeState::obtain(code);
  if (state != nullptr) state->disabled = true;
  return state != nullptr;
}

}  // namespace segue
