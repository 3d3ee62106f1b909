// What compiled code may call by name: what LLVM's code generator calls where the processor has no instruction, functions of ours
// (symbols.def), and the functions of loaded objects that have been offered to later ones.
#pragma once

#include <string_view>

#include "backends/llvm/loader.h"

namespace segue::llvm {

/// Null for an unknown name.
const void* findSymbol(std::string_view name);
/// Offers an object's functions to those that are loaded later, for good. A name is offered once.
void offerSymbols(const Functions& functions);

}  // namespace segue::llvm
