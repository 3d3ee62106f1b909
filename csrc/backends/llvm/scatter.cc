#include "backends/llvm/scatter.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "backends/llvm/pointwise.h"
#include "backends/llvm/scalar_code.h"
#include "base/fault.h"
#include "program/kernel.h"

namespace segue::llvm {
namespace {

/// An array that kernels load in C order, which is the order in which NumPy goes through it.
bool isLoadable(const Arg& arg) {
  if (!arg.isValue()) return false;
  const Type& type = *arg.as<ArgValue>().type;
  return type.isArray() && type.aligned && isKernelDType(type.dtype);
}

bool isWeighted(const BinNames& bins) { return bins.dtype != DType::kI64; }

}  // namespace

std::optional<Scatter> scatterOf(const Node& node, const DimTable& dims) {
  if (node.isInput() || node.op->name != "bincount" || !isLoadable(node.args[0])) return std::nullopt;
  const Type& index = *node.args[0].as<ArgValue>().type;
  if (!isIntegral(index.dtype) && index.dtype != DType::kBool) return std::nullopt;
  if (!node.args[2].missing() && !node.args[2].is<Dim>()) return std::nullopt;
  if (node.args[1].missing() || node.args[1].isNone()) return Scatter{};
  // (Of nothing there are no weights.)
  const bool weighted = isLoadable(node.args[1]) && node.type->dtype == DType::kF64;
  if (!weighted || spreadOver(node.args[1].as<ArgValue>().type->shape, index.shape, dims) != 0) return std::nullopt;
  return dims.hint(index.shape[0]) > 0 ? std::optional(Scatter{true}) : std::nullopt;
}

BinNames emitBins(DType dtype, const std::string& place, IrBuilder& out) {
  auto field = [&](size_t offset) { return out.define("getelementptr inbounds i8, ptr ", place, ", i64 ", offset); };
  BinNames names{.dtype = dtype};
  names.data = out.define("load ptr, ptr ", field(offsetof(KernelTable, data)));
  names.last = out.define("sub i64 ", out.define("load i64, ptr ", field(offsetof(KernelTable, size))), ", 1");
  names.places = out.define("alloca [", kMostScattered, " x i64], align 64");
  if (isWeighted(names)) names.values = out.define("alloca [", kMostScattered, " x ", registerType(dtype), "], align 64");
  return names;
}

void emitScatter(const BinNames& bins, int lanes, const std::string& at, const std::string& index, const std::string& value, IrBuilder& out) {
  auto keep = [&](const std::string& where, DType dtype, const std::string& what) {
    const std::string place = out.define("getelementptr inbounds ", registerType(dtype), ", ptr ", where, ", i64 ", at);
    out.line("store ", typeOf(dtype, lanes), " ", what, ", ptr ", place, ", align 8");
  };
  keep(bins.places, DType::kI64, out.intrinsic("umin", DType::kI64, lanes, {index, out.broadcast("i64", lanes, bins.last)}));
  if (isWeighted(bins)) keep(bins.values, bins.dtype, value);
}

void emitFlush(const BinNames& bins, std::string_view name, std::string_view count, IrBuilder& out) {
  const std::string i = absl::StrCat("%", name, ".i"), element = registerType(bins.dtype);
  auto elementOf = [&](const std::string& where, std::string_view type, const std::string& at) {
    return out.define("getelementptr inbounds ", type, ", ptr ", where, ", i64 ", at);
  };
  out.line("br label %", name, ".from");
  out.label(absl::StrCat(name, ".from"));
  out.line("br label %", name);
  out.label(name);
  out.line(i, " = phi i64 [ 0, %", name, ".from ], [ ", i, ".next, %", name, " ]");
  const std::string at = SEGUE_FAULT(KernelBinsBackwards) ? out.define("sub i64 ", out.define("sub i64 ", count, ", 1"), ", ", i) : i;
  const std::string place = out.define("load i64, ptr ", elementOf(bins.places, "i64", at));
  const std::string value = isWeighted(bins) ? out.define("load ", element, ", ptr ", elementOf(bins.values, element, at)) : "1";
  const std::string bin = elementOf(bins.data, element, place);
  const std::string held = out.define("load ", element, ", ptr ", bin, ", align 8");
  out.line("store ", element, " ", emitCombine(ScalarOp::kAdd, bins.dtype, 1, {held, value}, out), ", ptr ", bin, ", align 8");
  out.line(i, ".next = add nuw i64 ", i, ", 1");
  out.line("br i1 ", out.define("icmp ult i64 ", i, ".next, ", count), ", label %", name, ", label %", name, ".done, !llvm.loop !10");
  out.label(absl::StrCat(name, ".done"));
  out.declare("!10 = distinct !{ !10, !11 }");
  out.declare("!11 = !{ !\"llvm.loop.unroll.disable\" }");
}

}  // namespace segue::llvm
