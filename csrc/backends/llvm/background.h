// Compiling while the program goes on (options={"async_compile": True}).
//
// Model. A *job* is the modules that a plan's kernels need. A thread of python/segue/background.py compiles them, without the GIL, and hands
// in each object, which waits here until compileModule() takes it; behind the last one the job's PendingCode is finished. An error is kept like
// an object: what asks for the module again gets it.
//
// Requirements
//  1. A process that ends does not wait for jobs, but for the module that is being compiled. A child of fork() goes on with its parent's jobs when
//     it has one of its own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/traced.h"
#include "program/pending_code.h"

namespace segue::llvm {

/// Starts a job. Fails where no thread can be started.
Result<std::shared_ptr<PendingCode>> compileInBackground(const std::vector<std::string>& modules);

/// Whether an object file, or an error, has been handed in for a module, and what: its bytes. Nullopt when nothing has.
bool wasHandedIn(const std::string& module);
std::optional<Result<std::string>> takeHandedIn(const std::string& module);

// For the thread.

void handIn(const std::string& module, Result<std::string> object);
void finishJob(int64_t job);

}  // namespace segue::llvm
