#include "base/python.h"

#include "ops/op.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"

namespace segue {
namespace {

using OpsByName = absl::flat_hash_map<std::string_view, const OpDef*>;
using LibraryNames = absl::flat_hash_map<std::string_view, const LibraryName*>;

LibraryNames indexNames(absl::Span<const LibraryName> names) {
  LibraryNames out;
  for (const LibraryName& name : names) out.emplace(name.name, &name);
  return out;
}

const LibraryName* find(const LibraryNames& names, std::string_view name) {
  auto it = names.find(name);
  return it == names.end() ? nullptr : it->second;
}

/// The calling convention that an operator's own parameters describe.
std::vector<CallSlot> ownSlots(const OpDef& op) {
  std::vector<CallSlot> out;
  for (size_t i = 0; i < op.params.size(); i++) {
    const OpParam& param = op.params[i];
    out.push_back(CallSlot{CallSlot::Kind::kArgument, static_cast<uint8_t>(i), 0, !param.keyword_only,
                           param.positional_only ? std::string_view() : param.name});
  }
  return out;
}

/// f(*rest): several arguments are a tuple; a lone tuple, list or None stands for itself.
Arg packRest(std::vector<Arg>& positional, size_t first) {
  if (positional.size() - first == 1 && (positional[first].is<ArgTuple>() || positional[first].isNone())) {
    return std::move(positional[first]);
  }
  ArgTuple out;
  for (size_t i = first; i < positional.size(); i++) out.items.push_back(std::move(positional[i]));
  return out;
}

Result<Unit> bindPositional(const OpDef& op, absl::Span<const CallSlot> slots, std::vector<Arg>& positional,
                            std::vector<Arg>& bound) {
  size_t next = 0;
  for (const CallSlot& slot : slots) {
    if (next == positional.size()) break;
    if (slot.kind == CallSlot::Kind::kRest) {
      bound[slot.param] = packRest(positional, next);
      next = positional.size();
    } else if (slot.kind == CallSlot::Kind::kArgument && slot.positional) {
      bound[slot.param] = std::move(positional[next++]);
    }
  }
  SEGUE_REQUIRE(next == positional.size(), "%s takes at most %d positional arguments", std::string(op.name), next);
  return Unit{};
}

Result<Unit> bindKeyword(const OpDef& op, absl::Span<const CallSlot> slots, std::pair<std::string, Arg>& keyword,
                         std::vector<Arg>& bound) {
  for (const CallSlot& slot : slots) {
    if (slot.keyword.empty() || slot.keyword != keyword.first) continue;
    SEGUE_REQUIRE(bound[slot.param].missing(), "%s got argument '%s' twice", std::string(op.name), keyword.first);
    bound[slot.param] = std::move(keyword.second);
    return Unit{};
  }
  return Error{absl::StrFormat("%s has no keyword '%s'", std::string(op.name), keyword.first)};
}

Result<std::vector<Arg>> bindSlots(const OpDef& op, absl::Span<const CallSlot> slots, std::vector<Arg> positional,
                              std::vector<std::pair<std::string, Arg>> keywords) {
  std::vector<Arg> bound(op.params.size());
  SEGUE_TRY_VOID(bindPositional(op, slots, positional, bound));
  for (auto& keyword : keywords) SEGUE_TRY_VOID(bindKeyword(op, slots, keyword, bound));
  for (const CallSlot& slot : slots) {
    if (slot.kind == CallSlot::Kind::kCopy) bound[slot.param] = bound[slot.source];
  }
  for (size_t i = 0; i < bound.size(); i++) {
    SEGUE_REQUIRE(!bound[i].missing() || !op.params[i].default_text.empty(), "%s needs argument '%s'",
                  std::string(op.name), std::string(op.params[i].name));
  }
  return bound;
}

}  // namespace

int OpDef::paramIndex(std::string_view param) const {
  for (size_t i = 0; i < params.size(); i++) {
    if (params[i].name == param) return static_cast<int>(i);
  }
  return -1;
}

const OpDef* findOp(std::string_view name) {
  static const OpsByName by_name = [] {
    OpsByName out;
    for (const OpDef& op : allOps()) out.emplace(op.name, &op);
    return out;
  }();
  auto it = by_name.find(name);
  return it == by_name.end() ? nullptr : it->second;
}

const LibraryName* findNumpyName(std::string_view name) {
  static const LibraryNames names = indexNames(allNumpyNames());
  return find(names, name);
}

const LibraryName* findTorchName(std::string_view name) {
  static const LibraryNames names = indexNames(allTorchNames());
  return find(names, name);
}

const OpDef& opOf(const LibraryName& name) { return allOps()[name.op]; }

const OpDef* findNumpyOp(std::string_view numpy_name) {
  const LibraryName* name = findNumpyName(numpy_name);
  return name == nullptr ? nullptr : &opOf(*name);
}

bool writesArgument(const OpDef& op, absl::Span<const Arg> args) {
  for (size_t i = 0; i < args.size(); i++) {
    if (op.params[i].written && !args[i].missing() && !args[i].isNone()) return true;
  }
  return false;
}

const Arg& OpCall::arg(std::string_view name) const {
  int index = op_.paramIndex(name);
  SEGUE_CHECK(index >= 0, std::string(op_.name) + " has no parameter " + std::string(name));
  return args_[index];
}

std::optional<Type> argType(const Arg& arg) {
  if (arg.isValue()) return *arg.as<ArgValue>().type;
  if (arg.is<bool>()) return Type::scalar(TypeKind::kPyBool);
  if (arg.is<Dim>()) return Type::scalar(TypeKind::kPyInt);
  if (arg.is<double>()) return Type::scalar(TypeKind::kPyFloat);
  if (arg.is<std::complex<double>>()) return Type::scalar(TypeKind::kPyComplex);
  if (arg.is<ArgObject>()) {
    if (std::optional<DType> dtype = dtypeFromScalarType(arg.as<ArgObject>().object.type())) {
      return Type::numpyScalar(*dtype);
    }
  }
  return std::nullopt;
}

std::optional<Type> OpCall::type(size_t i) const { return argType(args_[i]); }

Result<std::vector<Arg>> bindArgs(const OpDef& op, std::vector<Arg> positional,
                                  std::vector<std::pair<std::string, Arg>> keywords) {
  return bindSlots(op, ownSlots(op), std::move(positional), std::move(keywords));
}

Result<std::vector<Arg>> bindArgs(const LibraryName& name, std::vector<Arg> positional,
                                  std::vector<std::pair<std::string, Arg>> keywords) {
  return bindSlots(opOf(name), name.slots, std::move(positional), std::move(keywords));
}

namespace {

/// Another dtype than the core ones in an argument; nullopt when there is none.
std::optional<DType> otherDType(const Arg& arg) {
  auto other = [](DType dtype) { return isCore(dtype) ? std::nullopt : std::optional(dtype); };
  if (arg.is<DType>()) return other(arg.as<DType>());
  if (arg.isValue()) {
    const Type& type = *arg.as<ArgValue>().type;
    return type.isArray() || type.isNumpyScalar() ? other(type.dtype) : std::nullopt;
  }
  if (!arg.is<ArgTuple>()) return std::nullopt;
  for (const Arg& item : arg.as<ArgTuple>().items) {
    if (std::optional<DType> found = otherDType(item)) return found;
  }
  return std::nullopt;
}

Result<Unit> requireCore(const OpDef& op, absl::Span<const Arg> args) {
  for (const Arg& arg : args) {
    const std::optional<DType> other = otherDType(arg);
    SEGUE_REQUIRE(!other, "%s of %s", std::string(op.name), std::string(dtypeName(*other)));
  }
  return Unit{};
}

/// The data sizes of a node's type that the node makes: the others come with its arguments.
DataSizes madeSizes(const Type& type, absl::Span<const Arg> args, const DimTable& dims) {
  DataSizes out = dataSizesOf(type, dims);
  for (const Arg& arg : args) {
    forEachValue(arg, [&](const ArgValue& value) {
      for (const DataSizeAt& given : dataSizesOf(*value.type, dims)) {
        out.erase(std::remove_if(out.begin(), out.end(), [&](const DataSizeAt& at) { return at.size == given.size; }), out.end());
      }
    });
  }
  return out;
}

}  // namespace

Dim OpCall::dataSize(std::optional<Dim> most) {
  const DataSizes known = known_ != nullptr ? madeSizes(*known_, args_, dims_) : DataSizes();
  const size_t number = data_sizes_++;
  return number < known.size() ? known[number].size : dims_.dataSize(most);
}

namespace {

/// A view of an array that may not be aligned may not be either.
void spreadAlignment(const OpCall& call, Type& type) {
  const bool shares = call.sharing() != Sharing::kFresh && call.sharing() != Sharing::kWritten;
  if (!shares || !call.arg(size_t{0}).isValue()) return;
  const Type& viewed = *call.arg(size_t{0}).as<ArgValue>().type;
  if (!viewed.isArray() || viewed.aligned) return;
  type.aligned &= !type.isArray();
  for (Type& item : type.items) item.aligned &= !item.isArray();
}

}  // namespace

Result<Inferred> infer(const OpDef& op, absl::Span<const Arg> args, DimTable& dims, const Type* known) {
  SEGUE_CHECK(args.size() == op.params.size(), std::string(op.name) + ": arguments are not bound");
  if (!op.has(OpTag::kAnyDType)) SEGUE_TRY_VOID(requireCore(op, args));
  DimTable::Guessing guessing(dims);
  OpCall call(op, args, dims, known);
  SEGUE_REQUIRE(op.warns == nullptr || !op.warns(call), "%s would warn: %s", std::string(op.name),
                std::string(op.warns_if));
  Result<Type> ruled = op.rule(call);
  SEGUE_REQUIRE(!dims.takeUndecided(), "%s asks for a size that depends on data", std::string(op.name));
  SEGUE_TRY(Type type, std::move(ruled));
  SEGUE_REQUIRE(!type.isArray() || type.ndim() <= NPY_MAXDIMS, "an array of %d dimensions", type.ndim());
  spreadAlignment(call, type);
  return Inferred{std::move(type), call.sharing()};
}

}  // namespace segue
