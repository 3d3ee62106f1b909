#include "backends/llvm/products.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <utility>

#include "backends/llvm/cpu.h"
#include "backends/llvm/half.h"
#include "backends/llvm/ir_builder.h"
#include "base/fault.h"

namespace segue::llvm {
namespace {

/// The kernel's parameters.
enum Param : size_t { kFirst, kSecond, kFirstPitches, kSecondPitches, kResult, kParamCount };

constexpr int kLeastVector = 16;   ///< bytes: shorter vectors of floats have lanes that nobody fills
/// Picoseconds of a multiplication and addition, and of a byte (kernel_dag.cc).
constexpr int64_t kCostOfTerm = 60, kCostOfByte = 10;

/// All but the last dimensions.
Shape stackOf(const Type& type, size_t rank) { return {type.shape.begin(), type.shape.end() - static_cast<std::ptrdiff_t>(rank)}; }

/// The code of a kernel.
class ProductCode {
 public:
  ProductCode(const StackProduct& product, int vector_bytes)
      : product_(product), sizes_(product.sizes), stored_(product.dtype), dtype_(stored_ == DType::kF16 ? DType::kF32 : stored_),
        item_(dtypeItemSize(stored_)), lanes_(std::max(vector_bytes, kLeastVector) / dtypeItemSize(dtype_)) {}

  KernelText emit() {
    out_.line("(ptr noalias readonly %args, i64 %count, i64 %rows) #0 {");
    out_.label("entry");
    emitParams();
    const std::string plain = emitPlain();
    out_.line("br label %each");
    out_.label("each");
    out_.line("%row = phi i64 [ 0, %entry ], [ %row.next, %next ]");
    for (const size_t param : {kFirst, kSecond, kResult}) starts_[param] = moved(bases_[param], "%row", steps_[param]);
    out_.line("br i1 ", plain, ", label %dense, label %strided");
    emitLoop("dense", true);
    emitLoop("strided", false);
    out_.label("next");
    out_.line("%row.next = add nuw i64 %row, 1");
    out_.line("br i1 ", out_.define("icmp ult i64 %row.next, %rows"), ", label %each, label %done");
    out_.label("done");
    out_.line("ret void");
    out_.line("}");
    out_.line("attributes #0 = { nounwind strictfp }");
    return {out_.finish(), {}};
  }

 private:
  using Vectors = std::vector<std::string>;   ///< by chunk of a row: registers

  /// Columns [begin, begin + lanes) of a row.
  struct Chunk {
    int64_t begin;
    int lanes;
  };

  std::string field(size_t param, size_t offset) {
    return out_.define("getelementptr inbounds i8, ptr %args, i64 ", param * sizeof(KernelArg) + offset);
  }
  std::string moved(std::string_view from, std::string_view times, std::string_view by) {
    return offset(from, out_.define("mul i64 ", times, ", ", by));
  }
  template <class Bytes>
  std::string offset(std::string_view from, const Bytes& bytes) {
    return out_.define("getelementptr inbounds i8, ptr ", from, ", i64 ", bytes);
  }

  void emitParams() {
    for (const size_t param : {kFirst, kSecond, kResult}) {
      bases_[param] = out_.define("load ptr, ptr ", field(param, offsetof(KernelArg, data)));
      strides_[param] = out_.define("load i64, ptr ", field(param, offsetof(KernelArg, stride)));
      steps_[param] = out_.define("load i64, ptr ", field(param, offsetof(KernelArg, step)));
    }
    for (size_t factor = 0; factor < 2; factor++) {
      std::string pitches[2];   // of the last dimension, and of the one before
      const ProductFactor& form = product_.form[factor];
      for (size_t i = 0; i < form.rank; i++) {
        pitches[i] = out_.define("load i64, ptr ", field(kFirstPitches + factor, offsetof(KernelArg, pitches) + i * sizeof(int64_t)));
      }
      // A vector is the first matrix's row, or the second one's column.
      const bool by_rows = form.transposed || (form.rank == 1 && factor == 1);
      pitches_[factor] = by_rows ? Pitches{pitches[1], pitches[0]} : Pitches{pitches[0], pitches[1]};
    }
    for (int64_t i = 0; i < sizes_.m; i++) {
      for (int64_t k = 0; k < sizes_.k; k++) offsets_[0].push_back(offsetAt(0, i, k));
    }
    for (int64_t k = 0; k < sizes_.k; k++) {
      for (int64_t j = 0; j < sizes_.n; j++) offsets_[1].push_back(offsetAt(1, k, j));
    }
  }

  /// Of an element of a factor, in bytes.
  std::string offsetAt(size_t factor, int64_t row, int64_t column) {
    std::string out = "0";
    if (row > 0) out = out_.define("mul i64 ", pitches_[factor].row, ", ", row);
    if (column == 0) return out;
    const std::string along = out_.define("mul i64 ", pitches_[factor].column, ", ", column);
    return row == 0 ? along : out_.define("add i64 ", out, ", ", along);
  }

  /// Whether both factors' matrices are in C order without gaps.
  std::string emitPlain() {
    std::string plain = "true";
    for (size_t factor = 0; factor < 2; factor++) {
      const int64_t columns = factor == 0 ? sizes_.k : sizes_.n;
      const std::pair<std::string, int64_t> expected[] = {{pitches_[factor].column, item_}, {pitches_[factor].row, item_ * columns}};
      for (const auto& [pitch, bytes] : expected) {
        if (pitch.empty() || SEGUE_FAULT(ProductPitchesIgnored)) continue;
        plain = out_.define("and i1 ", plain, ", ", out_.define("icmp eq i64 ", pitch, ", ", bytes));
      }
    }
    return plain;
  }

  /// A loop over the products of a row, in a block of that name.
  void emitLoop(std::string_view name, bool plain) {
    plain_ = plain;
    const std::string index = absl::StrCat("%", name, ".i");
    out_.label(name);
    out_.line(index, " = phi i64 [ 0, %each ], [ ", index, ".next, %", name, " ]");
    const std::string first = moved(starts_[kFirst], index, strides_[kFirst]), second = moved(starts_[kSecond], index, strides_[kSecond]);
    emitOne(first, second, moved(starts_[kResult], index, strides_[kResult]));
    out_.line(index, ".next = add nuw i64 ", index, ", 1");
    out_.line("br i1 ", out_.define("icmp ult i64 ", index, ".next, %count"), ", label %", name, ", label %next");
  }

  void emitOne(const std::string& first, const std::string& second, const std::string& result) {
    std::vector<Vectors> rows;   // of the second matrix
    for (int64_t k = 0; k < sizes_.k; k++) {
      Vectors& row = rows.emplace_back();
      for (const Chunk& chunk : chunks()) row.push_back(widened(chunk.lanes, loadChunk(second, k, chunk)));
    }
    for (int64_t i = 0; i < sizes_.m; i++) {
      std::vector<std::string> factors;
      for (int64_t k = 0; k < sizes_.k; k++) factors.push_back(widened(1, load(placeOf(0, first, i, k), 1)));
      for (size_t c = 0; c < chunks().size(); c++) {
        const Chunk chunk = chunks()[c];
        std::string sum = repeated(registerType(dtype_), literal(dtype_, 0), chunk.lanes);
        for (size_t k = 0; k < factors.size(); k++) {
          sum = added(chunk.lanes, sum, out_.broadcast(registerType(dtype_), chunk.lanes, factors[k]), rows[k][c]);
        }
        store(chunk.lanes, sum, offset(result, (i * sizes_.n + chunk.begin) * item_));
      }
    }
  }

  /// Of a row of the second matrix and of the result: vectors, then single elements.
  std::vector<Chunk> chunks() const {
    const int least = isFloating(dtype_) ? kLeastVector / dtypeItemSize(dtype_) : 2;   // integers set no status
    std::vector<Chunk> out;
    for (int64_t begin = 0; begin < sizes_.n;) {
      const auto left = static_cast<uint64_t>(sizes_.n - begin);
      int lanes = std::min(lanes_, static_cast<int>(std::bit_floor(left)));
      if (lanes < least) lanes = 1;
      out.push_back({begin, lanes});
      begin += lanes;
    }
    return out;
  }

  std::string placeOf(size_t factor, const std::string& matrix, int64_t row, int64_t column) {
    const int64_t number = row * (factor == 0 ? sizes_.k : sizes_.n) + column;
    if (plain_) return offset(matrix, number * item_);
    return offset(matrix, offsets_[factor][static_cast<size_t>(number)]);
  }

  std::string load(const std::string& place, int lanes) {
    return out_.define("load ", vectorOf(memoryType(stored_), lanes), ", ptr ", place, ", align ", item_);
  }

  std::string loadChunk(const std::string& matrix, int64_t row, const Chunk& chunk) {
    if (plain_ || chunk.lanes == 1) return load(placeOf(1, matrix, row, chunk.begin), chunk.lanes);
    const std::string type = typeOf(stored_, chunk.lanes);
    std::string vector = "poison";
    for (int i = 0; i < chunk.lanes; i++) {
      const std::string element = load(placeOf(1, matrix, row, chunk.begin + i), 1);
      vector = out_.define("insertelement ", type, " ", vector, ", ", registerType(stored_), " ", element, ", i64 ", i);
    }
    return vector;
  }

  std::string widened(int lanes, const std::string& value) { return stored_ == DType::kF16 ? emitWiden(lanes, value, out_) : value; }

  void store(int lanes, const std::string& value, const std::string& place) {
    const std::string stored = stored_ == DType::kF16 ? emitNarrow(Narrowing::kRounds, lanes, value, out_) : value;
    out_.line("store ", vectorOf(memoryType(stored_), lanes), " ", stored, ", ptr ", place, ", align ", item_);
  }

  std::string added(int lanes, const std::string& sum, const std::string& a, const std::string& b) {
    const bool real = isFloating(dtype_);
    if (real && stored_ != DType::kF16 && hasFusedMultiplyAdd()) return out_.intrinsic("fma", dtype_, lanes, {a, b, sum});
    const std::string type = typeOf(dtype_, lanes), product = out_.define(real ? "fmul " : "mul ", type, " ", a, ", ", b);
    return out_.define(real ? "fadd " : "add ", type, " ", sum, ", ", product);
  }

  struct Pitches {
    std::string column, row;   ///< bytes from one to the next
  };

  const StackProduct& product_;
  const ProductSizes sizes_;
  const DType stored_, dtype_;   ///< in memory, and in registers
  const int item_, lanes_;
  bool plain_ = false;
  std::string bases_[kParamCount], strides_[kParamCount], steps_[kParamCount], starts_[kParamCount];
  Pitches pitches_[2];
  std::vector<std::string> offsets_[2];   ///< by element of a factor: registers
  IrBuilder out_;
};

}  // namespace

std::optional<StackProduct> stackProductOf(const Node& node, const DimTable& dims, bool exact) {
  if (node.isInput() || !node.type->isArray()) return std::nullopt;
  const std::optional<StackedProduct> form = stackedProduct(*node.op, node.args);
  if (!form) return std::nullopt;
  StackProduct out{.node = &node, .form = *form, .dtype = node.type->dtype};
  for (size_t i = 0; i < 2; i++) {
    if (!out.type(i).aligned || out.type(i).dtype != out.dtype) return std::nullopt;
  }
  // einsum has loops of its own.
  const bool same = isIntegral(out.dtype) || (out.dtype == DType::kF16 && node.op->name != "einsum");
  if (!isKernelDType(out.dtype) || out.dtype == DType::kBool || (exact && !same)) return std::nullopt;
  const std::optional<ProductSizes> sizes = smallSizes(*form, node.args, dims);
  if (!sizes || madeOrder(node, dims) != false) return std::nullopt;
  out.sizes = *sizes;
  return out;
}

KernelText emitProduct(const StackProduct& product, int vector_bytes) { return ProductCode(product, vector_bytes).emit(); }

ProductKernel productKernel(const StackProduct& product, const DimTable& dims) {
  const auto& [m, k, n] = product.sizes;
  const Node& node = *product.node;
  const size_t rank = product.form.first.rank + product.form.second.rank - size_t{2};
  ProductKernel out;
  auto& [kernel, call] = out;
  call.outputs = {&node};
  call.shape = stackOf(*node.type, rank);
  for (size_t i = 0; i < 2; i++) {
    const uint8_t core = product.form[i].rank;
    call.inputs.push_back(product.factor(i));
    kernel.params.push_back({.core = core, .spread = spreadOver(stackOf(product.type(i), core), call.shape, dims)});
  }
  for (size_t i = 0; i < 2; i++) {
    call.inputs.push_back(product.factor(i));
    kernel.params.push_back({.kind = KernelParam::Kind::kPitches});
  }
  kernel.params.push_back({.core = static_cast<uint8_t>(rank)});
  kernel.sized_by.assign(call.shape.size(), kResult);
  kernel.input_count = kResult;
  kernel.reports = isFloating(product.dtype);
  kernel.flops = isFloating(product.dtype) ? static_cast<uint32_t>(2 * m * k * n) : 0;
  kernel.cost = static_cast<uint32_t>(m * k * n * kCostOfTerm + (m * k + k * n + m * n) * dtypeItemSize(product.dtype) * kCostOfByte);
  kernel.operators = 1;
  kernel.text = absl::StrCat("product ", dtypeName(product.dtype), " ", m, "x", k, " ", k, "x", n, "\n");
  return out;
}

}  // namespace segue::llvm
