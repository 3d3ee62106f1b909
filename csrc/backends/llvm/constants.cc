#include "backends/llvm/constants.h"

#include "backends/llvm/pointwise.h"
#include "base/fault.h"

namespace segue::llvm {
namespace {

bool onlyTakes(const Node& node, size_t count) {
  for (size_t i = count; i < node.args.size(); i++) {
    if (!node.args[i].missing()) return false;
  }
  return true;
}

/// An integer's bits in another integer dtype, which wrap.
std::optional<uint64_t> castBits(uint64_t bits, DType from, DType to) {
  if (!isIntegral(from) || !isIntegral(to)) return std::nullopt;
  const int unused = 64 - dtypeItemSize(from) * 8;
  return dtypeKind(from) == 'i' ? static_cast<uint64_t>(static_cast<int64_t>(bits << unused) >> unused) : bits << unused >> unused;
}

}  // namespace

std::optional<uint64_t> writtenDown(const Node& node, const DimTable& dims) {
  if (node.isInput() || !(node.type->isNumpyScalar() || (node.type->isArray() && node.type->ndim() == 0)) || SEGUE_FAULT(ConstantsLoaded)) {
    return std::nullopt;
  }
  const Arg& arg = node.args[0];
  if (node.op->name == "asarray") {
    return onlyTakes(node, 2) && isKernelDType(node.type->dtype) && !isLoaded(arg, dims) ? constantBits(arg, node.type->dtype, dims) : std::nullopt;
  }
  if (!arg.isValue()) return std::nullopt;
  const ArgValue& made = arg.as<ArgValue>();
  const bool whole = node.op->name == "getitem" && node.args[1].is<ArgTuple>() && node.args[1].as<ArgTuple>().items.empty();
  if (whole) return writtenDown(*made.node, dims);
  if (node.op->name != "astype") return std::nullopt;
  const std::optional<uint64_t> bits = writtenDown(*made.node, dims);
  return bits ? castBits(*bits, made.type->dtype, node.type->dtype) : std::nullopt;
}

}  // namespace segue::llvm
