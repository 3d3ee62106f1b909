// Instructions that always break, each with its reason.
#include "trace/tracer.h"

namespace segue {

#define SEGUE_BREAKS(name, reason) \
  Traced<void> Tracer::visit##name(const Insn& insn) { return stop(BreakReason::reason, #name); }

SEGUE_BREAKS(LoadFromDictOrDeref, kUnsupportedInstruction)
SEGUE_BREAKS(LoadFromDictOrGlobals, kUnsupportedInstruction)
SEGUE_BREAKS(LoadName, kUnsupportedInstruction)
SEGUE_BREAKS(StoreName, kUnsupportedInstruction)
SEGUE_BREAKS(DeleteName, kUnsupportedInstruction)
SEGUE_BREAKS(LoadLocals, kUnsupportedInstruction)
SEGUE_BREAKS(SetupAnnotations, kUnsupportedInstruction)
SEGUE_BREAKS(ImportStar, kUnsupportedInstruction)
SEGUE_BREAKS(PrintExpr, kUnsupportedInstruction)
SEGUE_BREAKS(GetAwaitable, kAsyncCode)
SEGUE_BREAKS(GetAiter, kAsyncCode)
SEGUE_BREAKS(GetAnext, kAsyncCode)
SEGUE_BREAKS(EndAsyncFor, kAsyncCode)
SEGUE_BREAKS(BeforeAsyncWith, kAsyncCode)
SEGUE_BREAKS(AsyncGenWrap, kAsyncCode)

SEGUE_BREAKS(DeleteGlobal, kUnsupportedInstruction)
SEGUE_BREAKS(CheckEgMatch, kUnsupportedInstruction)
SEGUE_BREAKS(PrepReraiseStar, kUnsupportedInstruction)
SEGUE_BREAKS(MakeTypeVar, kUnsupportedInstruction)
SEGUE_BREAKS(MakeTypeVarWithBound, kUnsupportedInstruction)
SEGUE_BREAKS(MakeTypeVarWithConstraints, kUnsupportedInstruction)
SEGUE_BREAKS(MakeParamSpec, kUnsupportedInstruction)
SEGUE_BREAKS(MakeTypeVarTuple, kUnsupportedInstruction)
SEGUE_BREAKS(SubscriptGeneric, kUnsupportedInstruction)
SEGUE_BREAKS(MakeTypeAlias, kUnsupportedInstruction)
SEGUE_BREAKS(SetFunctionTypeParams, kUnsupportedInstruction)
SEGUE_BREAKS(SetTypeParamDefault, kUnsupportedInstruction)

#undef SEGUE_BREAKS

}  // namespace segue
