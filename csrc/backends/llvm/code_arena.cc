#include "backends/llvm/code_arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace segue::llvm {
namespace {

size_t pageSize() {
  static const auto size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

size_t wholePages(size_t bytes) { return (bytes + pageSize() - 1) & ~(pageSize() - 1); }

void* pointer(uint64_t address) { return reinterpret_cast<void*>(address); }

}  // namespace

CodeArena& CodeArena::process() {
  static auto* arena = new CodeArena;
  return *arena;
}

Result<CodeSpace> CodeArena::reserve(size_t code_size, size_t constants_size) {
  if (!code_.holds(wholePages(code_size)) || !constants_.holds(wholePages(constants_size))) {
    const size_t half = wholePages(range_ / 2);
    SEGUE_REQUIRE(wholePages(code_size) <= half && wholePages(constants_size) <= half, "an object of %d bytes is too large",
                  code_size + constants_size);
    void* start = mmap(nullptr, 2 * half, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    SEGUE_REQUIRE(start != MAP_FAILED, "no memory for code: %s", std::strerror(errno));
    const auto base = reinterpret_cast<uint64_t>(start);
    code_ = {base, base + half};
    constants_ = {base + half, base + 2 * half};
  }
  return CodeSpace{code_.next, constants_.next};
}

Result<void> CodeArena::commit(absl::Span<const uint8_t> code, absl::Span<const uint8_t> constants) {
  SEGUE_CHECK(code_.holds(wholePages(code.size())) && constants_.holds(wholePages(constants.size())), "more than was reserved");
  const Zone before = constants_;
  SEGUE_TRY_VOID(write(constants_, constants, PROT_READ));
  Result<void> written = write(code_, code, PROT_READ | PROT_EXEC);
  if (!written.ok()) {
    mprotect(pointer(before.next), constants_.next - before.next, PROT_NONE);
    constants_ = before;
  }
  return written;
}

Result<void> CodeArena::write(Zone& zone, absl::Span<const uint8_t> bytes, int protection) {
  const size_t size = wholePages(bytes.size());
  if (size == 0) return {};
  void* start = pointer(zone.next);
  SEGUE_REQUIRE(mprotect(start, size, PROT_READ | PROT_WRITE) == 0, "no memory for code: %s", std::strerror(errno));
  std::memcpy(start, bytes.data(), bytes.size());
  __builtin___clear_cache(static_cast<char*>(start), static_cast<char*>(start) + size);
  if (mprotect(start, size, protection) != 0) {
    const int error = errno;
    mprotect(start, size, PROT_NONE);
    return Error{absl::StrFormat("memory cannot be made executable: %s", std::strerror(error))};
  }
  zone.next += size;
  return {};
}

}  // namespace segue::llvm
