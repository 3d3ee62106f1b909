#include "backends/llvm/symbols.h"

#include <math.h>
#include <string.h>

#include "backends/llvm/division.h"
#include "backends/llvm/math/library.h"
#include "base/check.h"

namespace segue::llvm {
namespace {

Functions makeTable() {
  Functions table;
#define SEGUE_SYMBOL(name, type, function) \
  table.emplace(#name, reinterpret_cast<const void*>(static_cast<std::add_pointer_t<type>>(function)));
#include "backends/llvm/symbols.def"
#undef SEGUE_SYMBOL
  for (const LibraryFunction& function : libraryFunctions()) table.emplace(function.name, function.address);
  return table;
}

Functions& table() {
  static auto* functions = new Functions(makeTable());   // threads may be looking while the process ends
  return *functions;
}

}  // namespace

const void* findSymbol(std::string_view name) {
  auto found = table().find(name);
  return found == table().end() ? nullptr : found->second;
}

void offerSymbols(const Functions& functions) {
  for (const auto& [name, address] : functions) {
    const bool fresh = table().emplace(name, address).second;
    SEGUE_CHECK(fresh, "a symbol is offered twice: " + name);
  }
}

}  // namespace segue::llvm
