#include "backends/llvm/constants.h"

#include <algorithm>

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

bool takesElement(const Node& node) {
  return node.op->name == "getitem" && node.args[1].is<ArgTuple>() && node.args[1].as<ArgTuple>().items.empty();
}
bool casts(const Node& node) { return node.op->name == "astype" && onlyTakes(node, 2); }

/// A scalar, or an array on the way to one that nothing else sees, which might write to it.
bool isValue(const Node& node, const UsersByNode& users) {
  if (node.isInput() || node.type->isNumpyScalar()) return !node.isInput();
  const auto& own = users[node.id];
  return node.type->isArray() && node.type->ndim() == 0 && std::all_of(own.begin(), own.end(), [](const Node* user) {
           return user != nullptr && (takesElement(*user) || casts(*user));
         });
}

}  // namespace

std::optional<uint64_t> writtenDown(const Node& node, const UsersByNode& users, const DimTable& dims) {
  if (!isValue(node, users) || SEGUE_FAULT(ConstantsLoaded)) return std::nullopt;
  const Arg& arg = node.args[0];
  if (node.op->name == "asarray") {
    return onlyTakes(node, 2) && isKernelDType(node.type->dtype) && !isLoaded(arg, dims) ? constantBits(arg, node.type->dtype, dims) : std::nullopt;
  }
  if (!arg.isValue()) return std::nullopt;
  const ArgValue& made = arg.as<ArgValue>();
  if (takesElement(node)) return writtenDown(*made.node, users, dims);
  if (!casts(node)) return std::nullopt;
  const std::optional<uint64_t> bits = writtenDown(*made.node, users, dims);
  return bits ? castBits(*bits, made.type->dtype, node.type->dtype) : std::nullopt;
}

}  // namespace segue::llvm
