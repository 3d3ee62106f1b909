// Memory for compiled code: written, then made executable, and kept for good, as threads may be running it at any time.
//
// Model. Ranges of addresses are reserved one at a time, and committed page by page from the front: the first half of a range holds code,
// the second constants. So the parts of an object are in each other's reach, and however many objects there are, a range is four
// mappings to the kernel: code, its rest, constants, their rest.
//
// Requirements
//  1. No page is ever writable and executable, and none that has been executable or readable is written again.
//  2. The GIL is held.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "base/traced.h"

namespace segue::llvm {

/// Where the next object goes: the addresses of its code and of its constants.
struct CodeSpace {
  uint64_t code = 0, constants = 0;
};

class CodeArena {
 public:
  /// `range`: bytes that are reserved at a time.
  explicit CodeArena(size_t range = size_t{64} << 20) : range_(range) {}
  CodeArena(const CodeArena&) = delete;

  /// The process's own.
  static CodeArena& process();

  /// Where an object of at most these sizes goes that is committed next. Fails without memory.
  Result<CodeSpace> reserve(size_t code_size, size_t constants_size);
  /// Fails where the system does not let memory become executable; nothing has been committed then.
  Result<void> commit(absl::Span<const uint8_t> code, absl::Span<const uint8_t> constants);

 private:
  struct Zone {
    uint64_t next = 0, end = 0;   ///< addresses of pages
    bool holds(size_t bytes) const { return bytes <= end - next; }
  };

  Result<void> write(Zone& zone, absl::Span<const uint8_t> bytes, int protection);

  size_t range_;
  Zone code_, constants_;
};

}  // namespace segue::llvm
