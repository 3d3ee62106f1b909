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
SEGUE_BREAKS(LoadBuildClass, kClassBuild)
SEGUE_BREAKS(GetAwaitable, kAsyncCode)
SEGUE_BREAKS(GetAiter, kAsyncCode)
SEGUE_BREAKS(GetAnext, kAsyncCode)
SEGUE_BREAKS(EndAsyncFor, kAsyncCode)
SEGUE_BREAKS(BeforeAsyncWith, kAsyncCode)
SEGUE_BREAKS(AsyncGenWrap, kAsyncCode)

SEGUE_BREAKS(DeleteGlobal, kUnsupportedInstruction)
SEGUE_BREAKS(LoadSuperAttr, kUnsupportedInstruction)
SEGUE_BREAKS(LoadSuperMethod, kUnsupportedInstruction)
SEGUE_BREAKS(BuildSet, kUnsupportedInstruction)
SEGUE_BREAKS(ConvertValue, kUnsupportedInstruction)
SEGUE_BREAKS(SetAdd, kUnsupportedInstruction)
SEGUE_BREAKS(SetUpdate, kUnsupportedInstruction)
SEGUE_BREAKS(RaiseVarargs, kUnsupportedInstruction)
SEGUE_BREAKS(Reraise, kUnsupportedInstruction)
SEGUE_BREAKS(PushExcInfo, kUnsupportedInstruction)
SEGUE_BREAKS(PopExcept, kUnsupportedInstruction)
SEGUE_BREAKS(CheckExcMatch, kUnsupportedInstruction)
SEGUE_BREAKS(CheckEgMatch, kUnsupportedInstruction)
SEGUE_BREAKS(PrepReraiseStar, kUnsupportedInstruction)
SEGUE_BREAKS(BeforeWith, kUnsupportedInstruction)
SEGUE_BREAKS(WithExceptStart, kUnsupportedInstruction)
SEGUE_BREAKS(ReturnGenerator, kUnsupportedInstruction)
SEGUE_BREAKS(YieldValue, kUnsupportedInstruction)
SEGUE_BREAKS(GetYieldFromIter, kUnsupportedInstruction)
SEGUE_BREAKS(Send, kUnsupportedInstruction)
SEGUE_BREAKS(SendDrop, kUnsupportedInstruction)
SEGUE_BREAKS(EndSend, kUnsupportedInstruction)
SEGUE_BREAKS(CleanupThrow, kUnsupportedInstruction)
SEGUE_BREAKS(StopIterationError, kUnsupportedInstruction)
SEGUE_BREAKS(MatchMapping, kUnsupportedInstruction)
SEGUE_BREAKS(MatchSequence, kUnsupportedInstruction)
SEGUE_BREAKS(MatchKeys, kUnsupportedInstruction)
SEGUE_BREAKS(MatchClass, kUnsupportedInstruction)
SEGUE_BREAKS(ImportName, kUnsupportedInstruction)
SEGUE_BREAKS(ImportFrom, kUnsupportedInstruction)
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
