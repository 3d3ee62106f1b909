// The compiler: what python/segue/native.py does with llvmlite.
#pragma once

#include <string>
#include <string_view>

#include "absl/types/span.h"
#include "base/ref.h"
#include "base/traced.h"

namespace segue::llvm {

/// What a function of python/segue/native.py answers to texts. An interrupt that comes meanwhile is kept for the program, and the call made
/// again. Fails with the words of an exception.
Result<Ref> callNative(const char* function, absl::Span<const std::string_view> texts);
/// Its answer, a str or bytes.
Result<std::string> textFrom(const char* function, absl::Span<const std::string_view> texts);

/// The compiler that is installed, found without importing it: "llvmlite 0.50.0"; "" for none.
const std::string& compilerName();

}  // namespace segue::llvm
