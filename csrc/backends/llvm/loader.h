// Loading compiled objects: sections get addresses in the code arena, relocations are applied, symbols are found by name.
//
// Model. `linkObject` makes the bytes that an object's code and constants are at given addresses; `loadObject` does so for this process and
// puts them there. A symbol that the object does not define is asked of its caller's `SymbolFinder`; symbols.h has the process's own, which
// knows what LLVM's code may call, functions of ours, and the functions of objects that have been offered to later ones.
//
// Requirements
//  1. An object is read without trust (object_file.h). An unknown relocation, an unknown symbol and one that is out of reach are Result
//     errors that name it. What the code itself does is its maker's care: bytes from disk have to be checked before (object_cache.h).
//  2. A function that is out of a call's reach is called through a jump beside the code; all else has to be in reach, or in a slot.
//  3. Code stays for good. The GIL is held.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "backends/llvm/code_arena.h"
#include "backends/llvm/object_file.h"

namespace segue::llvm {

/// The address that a name stands for; null for an unknown one.
using SymbolFinder = absl::FunctionRef<const void*(std::string_view name)>;
using Functions = absl::flat_hash_map<std::string, const void*>;

struct Image {
  std::vector<uint8_t> code, constants;
  std::vector<std::pair<std::string, uint64_t>> functions;   ///< global ones and their addresses
};
Result<Image> linkObject(const ObjectFile& object, const CodeSpace& at, SymbolFinder find);

struct LoadedObject {
  Functions functions;       ///< its global functions, in memory for good
  size_t code_size = 0, constants_size = 0;
};
/// Of this process's machine; fails where code cannot be loaded.
Result<LoadedObject> loadObject(absl::Span<const uint8_t> object, SymbolFinder find, CodeArena& arena = CodeArena::process());

/// Whether code can be loaded here.
bool canLoadCode();

}  // namespace segue::llvm
