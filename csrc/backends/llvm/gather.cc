#include "backends/llvm/gather.h"

#include <cstddef>

#include "backends/llvm/pointwise.h"
#include "base/fault.h"
#include "program/kernel.h"

namespace segue::llvm {
namespace {

/// Of `table[index]` and `take`; nullopt for other nodes.
std::optional<Bounds> boundsOf(const Node& node) {
  if (node.op->name == "getitem") return Bounds::kReport;
  if (node.op->name != "take") return std::nullopt;
  const Arg& mode = node.args[static_cast<size_t>(node.op->paramIndex("mode"))];
  if (mode.missing()) return Bounds::kReport;
  if (!mode.is<std::string>() || mode.as<std::string>() == "wrap") return std::nullopt;
  return mode.as<std::string>() == "clip" ? Bounds::kClip : Bounds::kReport;
}

/// Whether the array is read along its only axis, or flat: its elements lie side by side then.
bool isFlat(const Node& node) {
  const Type& table = *node.args[0].as<ArgValue>().type;
  if (table.ndim() == 1) return true;
  if (node.op->name != "take" || table.ndim() == 0 || !table.layout.known || !table.layout.c_contiguous) return false;
  const Arg& axis = node.args[static_cast<size_t>(node.op->paramIndex("axis"))];
  return axis.missing() || axis.isNone();
}

/// The code of one gather.
class GatherCode {
 public:
  GatherCode(const TableNames& table, Bounds bounds, DType dtype, int lanes, IrBuilder& out)
      : table_(table), bounds_(bounds), dtype_(dtype), lanes_(lanes), out_(out) {}

  std::string emit(const std::string& index) { return loads(checked(placed(widened(index)))); }

 private:
  std::string type() const { return vectorOf("i64", lanes_); }
  std::string bools() const { return vectorOf("i1", lanes_); }
  std::string zero() const { return repeated("i64", "0", lanes_); }
  std::string select(std::string_view condition, std::string_view yes, std::string_view no) {
    return out_.define("select ", bools(), " ", condition, ", ", type(), " ", yes, ", ", type(), " ", no);
  }

  /// As NumPy casts to its type of indices: 64 unsigned bits wrap.
  std::string widened(const std::string& index) {
    if (dtypeItemSize(dtype_) == 8) return index;
    return out_.define(dtypeKind(dtype_) == 'i' ? "sext " : "zext ", typeOf(dtype_, lanes_), " ", index, " to ", type());
  }

  std::string size() { return out_.broadcast("i64", lanes_, table_.size); }
  bool mayBeNegative() const { return dtypeKind(dtype_) == 'i' || dtypeItemSize(dtype_) == 8; }

  /// Counted from the table's start.
  std::string placed(const std::string& index) {
    if (bounds_ == Bounds::kClip) {
      const std::string last = out_.broadcast("i64", lanes_, out_.define("sub i64 ", table_.size, ", 1"));
      return out_.intrinsic("smin", DType::kI64, lanes_, {out_.intrinsic("smax", DType::kI64, lanes_, {index, zero()}), last});
    }
    if (!mayBeNegative()) return index;
    const std::string negative = out_.define("icmp slt ", type(), " ", index, ", ", zero());
    const std::string counted = SEGUE_FAULT(KernelGatherNegative) ? zero() : out_.define("add ", type(), " ", index, ", ", size());
    return select(negative, counted, index);
  }

  /// 0 for those out of bounds, of which it tells.
  std::string checked(const std::string& index) {
    const std::string outside = out_.define("icmp uge ", type(), " ", index, ", ", size());
    const std::string told = out_.define("select i1 ", out_.anyLane(lanes_, outside), ", ptr ", table_.outside, ", ptr ", table_.spare);
    if (!SEGUE_FAULT(KernelGatherUnchecked)) out_.line("store atomic i8 1, ptr ", told, " monotonic, align 1");
    return select(outside, zero(), index);
  }

  std::string loads(const std::string& index) {
    std::string all = "poison";
    for (int i = 0; i < lanes_; i++) {
      const std::string element = load(lanes_ > 1 ? out_.define("extractelement ", type(), " ", index, ", i64 ", i) : index);
      if (lanes_ == 1) return element;
      all = out_.define("insertelement ", vectorOf(memory(), lanes_), " ", all, ", ", memory(), " ", element, ", i64 ", i);
    }
    return truth(all);
  }

  std::string memory() const { return memoryType(table_.dtype); }

  std::string load(const std::string& index) {
    const bool dense = table_.stride.empty();
    const std::string offset = dense ? index : out_.define("mul i64 ", index, ", ", table_.stride);
    const std::string place = out_.define("getelementptr inbounds ", dense ? memory() : "i8", ", ptr ", table_.data, ", i64 ", offset);
    std::string loaded = out_.define("load ", memory(), ", ptr ", place, ", align ", dtypeItemSize(table_.dtype));
    return lanes_ == 1 ? truth(loaded) : loaded;
  }

  /// Booleans are single bits in registers.
  std::string truth(const std::string& loaded) {
    if (table_.dtype != DType::kBool) return loaded;
    return out_.define("icmp ne ", vectorOf("i8", lanes_), " ", loaded, ", ", repeated("i8", "0", lanes_));
  }

  const TableNames& table_;
  const Bounds bounds_;
  const DType dtype_;   ///< of the index
  const int lanes_;
  IrBuilder& out_;
};

}  // namespace

std::optional<Gather> gatherOf(const Node& node, const DimTable& dims) {
  if (node.isInput()) return std::nullopt;
  const std::optional<Bounds> bounds = boundsOf(node);
  if (!bounds || !node.args[0].isValue() || !node.args[1].isValue()) return std::nullopt;
  const Type &table = *node.args[0].as<ArgValue>().type, &index = *node.args[1].as<ArgValue>().type;
  if (!table.isArray() || !isFlat(node) || !table.aligned || !isKernelDType(table.dtype) || table.dtype != node.type->dtype) return std::nullopt;
  if (!index.isArray() || index.ndim() == 0 || !index.aligned || !isIntegral(index.dtype)) return std::nullopt;
  // Some versions of NumPy take only what casts safely.
  if (node.op->name == "take" && index.dtype == DType::kU64) return std::nullopt;
  return node.type->isArray() && madeOrder(node, dims) == false ? std::optional(Gather{*bounds}) : std::nullopt;
}

TableNames emitTable(const Type& type, const std::string& place, IrBuilder& out) {
  auto field = [&](size_t offset) { return out.define("getelementptr inbounds i8, ptr ", place, ", i64 ", offset); };
  TableNames names{.dtype = type.dtype};
  names.data = out.define("load ptr, ptr ", field(offsetof(KernelTable, data)));
  names.outside = field(offsetof(KernelTable, outside));
  if (!type.layout.known || !type.layout.c_contiguous) names.stride = out.define("load i64, ptr ", field(offsetof(KernelTable, stride)));
  names.size = out.define("load i64, ptr ", field(offsetof(KernelTable, size)));
  names.spare = out.define("alloca i8");
  return names;
}

std::string emitGather(const TableNames& table, Bounds bounds, DType dtype, int lanes, const std::string& index, IrBuilder& out) {
  return GatherCode(table, bounds, dtype, lanes, out).emit(index);
}

}  // namespace segue::llvm
