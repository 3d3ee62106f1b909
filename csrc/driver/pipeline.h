// One compile, from a frame to an entry.
#pragma once

#include "driver/compile.h"
#include "hook/frame.h"
#include "runtime/callable.h"
#include "runtime/dispatch.h"

namespace segue {

struct CompileInput {
  PyCodeObject* code;              ///< the frame's own code, which a spliced frame's is not
  SegueFrameView frame;
  FrameRoots roots;
  int offset = 0;                  ///< bytecode offset in `code` at which the frame stands
  std::shared_ptr<const CompileOptions> options;
  int options_id = 0;              ///< see tableKey()
  std::vector<std::string> varying;  ///< see TraceRequest
};

struct CompileOutput {
  EntryRef entry;                          ///< null: nothing could be made (see `warning`)
  std::shared_ptr<CompileRecord> record;
  std::string warning;                     ///< to be shown once: a backend's error, a bug; empty for none
  bool raises = false;                     ///< the warning is an error (strict mode)
  std::vector<std::string> remarks;        ///< to be shown as warnings, too, though the entry is good
};

/// Never throws: bugs come back as a warning.
CompileOutput compileFrame(const CompileInput& input);

/// Answers calls from entries that need no frame (runtime/callable.h).
bool fastPath(CompiledFunction* self, PyObject* const* args, size_t nargsf, PyObject* kwnames, PyObject** result);

/// Logs, when somebody listens.
void logRecompile(PyCodeObject* code, DispatchTable& table, const FrameRoots& roots);
/// `graph` and `program`: their listings.
void logCompile(const CompileRecord& record, const std::string& graph, const std::string& program);
bool logsCompiles();

/// Where an instruction of a code object stands in the source; offset -1: the first line.
SourcePosition sourcePosition(BorrowedRef code, int offset);
void addRecord(std::shared_ptr<CompileRecord> record);

/// Whether the code's frames may be captured on their own: user code, library modules that the config names, and with
/// `capture_all` all but Segue's own. Code that is disabled counts like any other.
bool mayCapture(PyCodeObject* code, PyObject* globals, const CompileOptions& options);
bool isDisabled(PyCodeObject* code);

}  // namespace segue
