#include "backends/llvm/emit.h"

#include <set>

#include "absl/strings/str_join.h"
#include "backends/llvm/scalar_code.h"
#include "base/fault.h"

namespace segue::llvm {
namespace {

/// NumPy's pairwise sum keeps so many partial sums, adds up so many elements at most before it halves what it is given, and so do kernels:
/// their sums have the same bits (FLOAT_pairwise_sum in numpy/_core/src/umath/loops_utils.h.src).
constexpr int kPartialSums = 8;
constexpr int kLongestSum = 128;

/// Registers' worth of elements that are done at once, so that chains of instructions overlap.
constexpr int kRegisters = 2;
/// Those of math functions are long; with registers of 64 bytes more than two gain a few percent, and take twice as long to compile.
constexpr int mathRegisters(int vector_bytes) { return vector_bytes < 64 ? 4 : 2; }
constexpr int kOwnAlign = 64;

/// How a loop's body gets at the elements of arrays.
enum class Access : uint8_t {
  kSingle,     ///< one element
  kDense,      ///< a vector of neighbours
  kGathered,   ///< a vector of elements with gaps between them
};

class Emitter {
 public:
  Emitter(const Group& group, int vector_bytes) : group_(group), dag_(group.dag) {
    for (const KernelParam& param : group.kernel.params) {
      const bool array = param.kind == KernelParam::Kind::kArray;
      runs_.push_back(array && ((param.spread >> group.kernel.innermost) & 1) == 0);
    }
    dtypes_.resize(group.inputs.size());
    for (const Scalar& scalar : dag_.scalars()) {
      if (scalar.op == ScalarOp::kLoad) dtypes_[scalar.bits] = scalar.dtype;
    }
    for (const KernelOutput& output : dag_.outputs()) dtypes_.push_back(dag_[output.value].dtype);
    for (size_t i = 0; i < dag_.outputs().size(); i++) {
      if (!runs_[placeOf(i)]) folds_.push_back(i);
    }
    findInvariants();
    chooseLanes(vector_bytes);
  }

  KernelText run() {
    if (!folds_.empty()) {
      emitReduction();
    } else if (dag_.hasMath()) {
      emitMathMap();
    } else {
      emitMap();
    }
    out_.line("attributes #0 = { nounwind strictfp }");
    return {out_.finish(), {functions_.begin(), functions_.end()}};
  }

 private:
  /// The parameter of an output.
  size_t placeOf(size_t output) const { return group_.inputs.size() + output; }
  DType foldDType(size_t fold) const { return dtypes_[placeOf(folds_[fold])]; }
  ScalarOp foldOp(size_t fold) const { return *dag_.outputs()[folds_[fold]].combine; }
  bool anyOrdered() const {
    for (size_t i = 0; i < folds_.size(); i++) {
      if (isOrdered(foldOp(i), foldDType(i))) return true;
    }
    return false;
  }

  void findInvariants() {
    for (const Scalar& scalar : dag_.scalars()) {
      bool invariant = scalar.op != ScalarOp::kLoad || !runs_[scalar.bits];
      for (size_t k = 0; k < scalar.arity; k++) invariant = invariant && invariant_[scalar.args[k]];
      invariant_.push_back(invariant);
    }
  }

  void chooseLanes(int vector_bytes) {
    const int registers = dag_.hasMath() && folds_.empty() ? mathRegisters(vector_bytes) : kRegisters;
    int widest = 1;
    for (ScalarId id = 0; id < dag_.scalars().size(); id++) {
      if (!invariant_[id]) widest = std::max(widest, dtypeItemSize(dag_[id].dtype));
    }
    for (const KernelOutput& output : dag_.outputs()) widest = std::max(widest, dtypeItemSize(dag_[output.value].dtype));
    lanes_ = anyOrdered() ? kPartialSums : registers * vector_bytes / widest;
  }

  // A kernel without a reduction along its run: vectors of neighbours, then single elements.

  void emitMap() {
    out_.line("(ptr noalias readonly %args, i64 %count) #0 {");
    out_.label("entry");
    emitParams();
    out_.line("%whole = and i64 %count, ", -static_cast<int64_t>(lanes_));
    const std::string some = out_.define("icmp ne i64 %whole, 0"), dense = emitDense();
    out_.line("br i1 ", out_.define("and i1 ", some, ", ", dense), ", label %dense, label %rest");
    out_.label("dense");
    out_.line("%i = phi i64 [ 0, %entry ], [ %i.next, %dense ]");
    emitBody(Access::kDense, "%i");
    out_.line("%i.next = add nuw i64 %i, ", lanes_);
    out_.line("br i1 ", out_.define("icmp ult i64 %i.next, %whole"), ", label %dense, label %rest");
    out_.label("rest");
    out_.line("%start = phi i64 [ 0, %entry ], [ %whole, %dense ]");
    out_.line("br i1 ", out_.define("icmp ult i64 %start, %count"), ", label %single, label %done");
    out_.label("single");
    out_.line("%j = phi i64 [ %start, %rest ], [ %j.next, %single ]");
    emitBody(Access::kSingle, "%j");
    out_.line("%j.next = add nuw i64 %j, 1");
    out_.line("br i1 ", out_.define("icmp ult i64 %j.next, %count"), ", label %single, label %done");
    out_.label("done");
    out_.line("ret void");
    out_.line("}");
  }

  // A kernel that calls math functions and has no reduction along its run: vectors only. Elements with gaps between them, and too few of them,
  // are copied to memory of the function's own and back. Where arrays are dense and outputs fresh, the last vector overlaps the one before and
  // computes elements once more.

  void emitMathMap() {
    out_.line("(ptr noalias readonly %args, i64 %count) #0 {");
    out_.label("entry");
    emitParams();
    const auto& params = group_.kernel.params;
    for (size_t i = 0; i < params.size(); i++) {
      if (runs_[i]) out_.line("%own", i, " = alloca [", lanes_, " x ", memoryType(dtypes_[i]), "], align ", kOwnAlign);
    }
    const std::string enough = out_.define("icmp uge i64 %count, ", lanes_), dense = emitDense();
    const std::string last = out_.define("sub i64 %count, ", lanes_);
    out_.line("br label %chunk");
    out_.label("chunk");
    out_.line("%i = phi i64 [ 0, %entry ], [ %i.next, %stored ]");
    out_.line("%left = sub i64 %count, %i");
    out_.line("%whole = icmp uge i64 %left, ", lanes_);
    out_.line("%taken = select i1 %whole, i64 ", lanes_, ", i64 %left");
    const std::string available = accumulates() ? "%whole" : enough;
    out_.line("%direct = and i1 ", dense, ", ", available);
    const std::string at = accumulates() ? "%i" : out_.define("select i1 %whole, i64 %i, i64 ", last);
    out_.line("br i1 %direct, label %body, label %gather");
    emitCopies("gather", "body", true);
    out_.label("body");
    Places places(params.size());
    for (size_t i = 0; i < params.size(); i++) {
      if (runs_[i]) places[i] = {out_.define("select i1 %direct, ptr ", emitPlaces(i, Access::kDense, at)[0], ", ptr %own", i)};
    }
    emitOps(lanes_, places);
    out_.line("br i1 %direct, label %stored, label %scatter");
    emitCopies("scatter", "stored", false);
    out_.label("stored");
    out_.line("%i.next = add nuw i64 %i, ", lanes_);
    out_.line("br i1 ", out_.define("icmp ult i64 %i.next, %count"), ", label %chunk, label %done");
    out_.label("done");
    out_.line("ret void");
    out_.line("}");
  }

  /// Whether outputs are combined with what they hold.
  bool accumulates() const {
    return std::any_of(dag_.outputs().begin(), dag_.outputs().end(), [](const KernelOutput& output) { return output.combine.has_value(); });
  }

  /// A loop that copies the elements from %i on into own memory, or back. All lanes are filled: behind the last element it is repeated, so that
  /// other lanes set no status that it does not.
  void emitCopies(std::string_view name, std::string_view then, bool in) {
    const std::string lane = absl::StrCat("%", name, ".lane"), next = lane + ".next", loop = absl::StrCat(name, ".loop");
    out_.label(name);
    const std::string final = out_.define("sub i64 %taken, 1");
    out_.line("br label %", loop);
    out_.label(loop);
    out_.line(lane, " = phi i64 [ 0, %", name, " ], [ ", next, ", %", loop, " ]");
    const std::string within = out_.define("icmp ult i64 ", lane, ", ", final);
    const std::string element = out_.define("add i64 %i, ", out_.define("select i1 ", within, ", i64 ", lane, ", i64 ", final));
    for (size_t i = 0; i < group_.kernel.params.size(); i++) {
      const bool stored = i >= group_.inputs.size();
      const bool loaded = !stored || dag_.outputs()[i - group_.inputs.size()].combine;
      if (!runs_[i] || !(in ? loaded : stored)) continue;
      const std::string type = memoryType(dtypes_[i]), align = absl::StrCat(dtypeItemSize(dtypes_[i]));
      const std::string array = emitPlaces(i, Access::kSingle, element)[0];
      const std::string own = out_.define("getelementptr inbounds ", type, ", ptr %own", i, ", i64 ", lane);
      const std::string value = out_.define("load ", type, ", ptr ", in ? array : own, ", align ", align);
      out_.line("store ", type, " ", value, ", ptr ", in ? own : array, ", align ", align);
    }
    out_.line(next, " = add nuw i64 ", lane, ", 1");
    const std::string more = out_.define("icmp ult i64 ", next, ", ", in ? absl::StrCat(lanes_) : "%taken");
    out_.line("br i1 ", more, ", label %", loop, ", label %", then);
  }

  // A kernel that reduces its run: @stretch folds a stretch of elements, @halves does NumPy's recursion over stretches where order
  // counts, and the kernel adds what they give to the outputs.

  /// What @stretch and @halves return: the folds' values.
  std::string foldsType() const {
    std::string out = "{ ";
    for (size_t i = 0; i < folds_.size(); i++) absl::StrAppend(&out, i > 0 ? ", " : "", registerType(foldDType(i)));
    return out + " }";
  }

  void emitReduction() {
    const bool halves = anyOrdered() && !SEGUE_FAULT(KernelSumsInOneStretch);
    out_.line("(ptr noalias readonly %args, i64 %count) #0 {");
    out_.label("entry");
    out_.line("%folded = call ", foldsType(), halves ? " @halves" : " @stretch", "(ptr %args, i64 0, i64 %count)");
    for (size_t i = 0; i < folds_.size(); i++) {
      const DType dtype = foldDType(i);
      const std::string slot = out_.define("getelementptr inbounds i8, ptr %args, i64 ", placeOf(folds_[i]) * sizeof(KernelArg));
      const std::string place = out_.define("load ptr, ptr ", slot);
      const std::string value = out_.define("extractvalue ", foldsType(), " %folded, ", i);
      emitStore(dtype, place, emitCombine(foldOp(i), dtype, 1, {emitLoad(dtype, place, 1), value}, out_), 1);
    }
    out_.line("ret void");
    out_.line("}");
    if (halves) emitHalves();
    emitStretch();
  }

  void emitHalves() {
    const std::string type = foldsType();
    out_.line("define internal ", type, " @halves(ptr %args, i64 %from, i64 %count) #0 {");
    out_.label("entry");
    out_.line("br i1 ", out_.define("icmp ule i64 %count, ", kLongestSum), ", label %short, label %long");
    out_.label("short");
    out_.line("%all = call ", type, " @stretch(ptr %args, i64 %from, i64 %count)");
    out_.line("ret ", type, " %all");
    out_.label("long");
    const std::string half = out_.define("lshr i64 %count, 1");
    const std::string first = out_.define("and i64 ", half, ", ", -kPartialSums), second = out_.define("sub i64 %count, ", first);
    const std::string middle = out_.define("add i64 %from, ", first);
    out_.line("%a = call ", type, " @halves(ptr %args, i64 %from, i64 ", first, ")");
    out_.line("%b = call ", type, " @halves(ptr %args, i64 ", middle, ", i64 ", second, ")");
    std::vector<std::string> both;
    for (size_t i = 0; i < folds_.size(); i++) {
      const std::string a = out_.define("extractvalue ", type, " %a, ", i), b = out_.define("extractvalue ", type, " %b, ", i);
      both.push_back(emitCombine(foldOp(i), foldDType(i), 1, {a, b}, out_));
    }
    emitReturn(both);
  }

  void emitStretch() {
    out_.line("define internal ", foldsType(), " @stretch(ptr %args, i64 %from, i64 %count) #0 {");
    out_.label("entry");
    emitParams();
    out_.line("%end = add i64 %from, %count");
    out_.line("%vectors = and i64 %count, ", -static_cast<int64_t>(lanes_));
    out_.line("%whole = add i64 %from, %vectors");
    out_.line("br i1 ", out_.define("icmp ne i64 %vectors, 0"), ", label %some, label %rest");
    out_.label("some");
    out_.line("br i1 ", emitDense(), ", label %dense, label %gathered");
    const std::vector<std::string> dense = emitFoldLoop("dense", Access::kDense, "some", "%from", "%whole", "joined", initials(lanes_));
    const std::vector<std::string> gathered = emitFoldLoop("gathered", Access::kGathered, "some", "%from", "%whole", "joined", initials(lanes_));
    out_.label("joined");
    std::vector<std::string> vectors = emitPhis(lanes_, dense, "dense", gathered, "gathered");
    for (size_t i = 0; i < folds_.size(); i++) vectors[i] = emitAcross(foldOp(i), foldDType(i), vectors[i]);
    out_.line("br label %rest");
    out_.label("rest");
    out_.line("%start = phi i64 [ %from, %entry ], [ %whole, %joined ]");
    const std::vector<std::string> so_far = emitPhis(1, initials(1), "entry", vectors, "joined");
    out_.line("br i1 ", out_.define("icmp ult i64 %start, %end"), ", label %single, label %done");
    const std::vector<std::string> all = emitFoldLoop("single", Access::kSingle, "rest", "%start", "%end", "done", so_far);
    out_.label("done");
    emitReturn(emitPhis(1, so_far, "rest", all, "single"));
  }

  /// The folds' values behind two blocks.
  std::vector<std::string> emitPhis(int lanes, const std::vector<std::string>& a, std::string_view from_a, const std::vector<std::string>& b,
                                    std::string_view from_b) {
    std::vector<std::string> out;
    for (size_t i = 0; i < folds_.size(); i++) {
      out.push_back(out_.define("phi ", typeOf(foldDType(i), lanes), " [ ", a[i], ", %", from_a, " ], [ ", b[i], ", %", from_b, " ]"));
    }
    return out;
  }

  void emitReturn(const std::vector<std::string>& values) {
    const std::string type = foldsType();
    std::string all = "poison";
    for (size_t i = 0; i < folds_.size(); i++) {
      all = out_.define("insertvalue ", type, " ", all, ", ", registerType(foldDType(i)), " ", values[i], ", ", i);
    }
    out_.line("ret ", type, " ", all);
    out_.line("}");
  }

  /// What folds start with: it changes nothing that it is combined with.
  std::vector<std::string> initials(int lanes) const {
    std::vector<std::string> out;
    for (size_t i = 0; i < folds_.size(); i++) {
      const DType dtype = foldDType(i);
      out.push_back(repeated(registerType(dtype), literal(dtype, neutralBits(foldOp(i), dtype)), lanes));
    }
    return out;
  }

  /// A loop from `begin` to `end` in a block of the loop's name, which is entered from the block `before` and left for `behind`. Gives
  /// the folds' values at its end.
  std::vector<std::string> emitFoldLoop(std::string_view name, Access access, std::string_view before, std::string_view begin,
                                        std::string_view end, std::string_view behind, const std::vector<std::string>& starts) {
    const int lanes = access == Access::kSingle ? 1 : lanes_;
    const std::string index = absl::StrCat("%", name, ".i");
    out_.label(name);
    const size_t head = out_.here();
    std::vector<std::string> values = emitBody(access, index);
    std::string phis = absl::StrCat(index, " = phi i64 [ ", begin, ", %", before, " ], [ ", index, ".next, %", name, " ]\n");
    std::vector<std::string> folded;
    for (size_t i = 0; i < folds_.size(); i++) {
      const std::string so_far = absl::StrCat("%", name, ".", i);
      folded.push_back(emitCombine(foldOp(i), foldDType(i), lanes, {so_far, values[folds_[i]]}, out_));
      absl::StrAppend(&phis, so_far, " = phi ", typeOf(foldDType(i), lanes), " [ ", starts[i], ", %", before, " ], [ ", folded[i], ", %", name,
                      " ]\n");
    }
    out_.insert(head, phis);
    out_.line(index, ".next = add nuw i64 ", index, ", ", lanes);
    out_.line("br i1 ", out_.define("icmp ult i64 ", index, ".next, ", end), ", label %", name, ", label %", behind);
    return folded;
  }

  /// One value of a vector's: neighbours first, as NumPy adds up its partial sums.
  std::string emitAcross(ScalarOp op, DType dtype, std::string vector) {
    const std::string element = registerType(dtype);
    for (int lanes = lanes_; lanes > 1; lanes /= 2) {
      const std::string type = vectorOf(element, lanes);
      std::string halves[2];
      for (int odd = 0; odd < 2; odd++) {
        if (lanes == 2) {
          halves[odd] = out_.define("extractelement ", type, " ", vector, ", i64 ", odd);
          continue;
        }
        std::string mask;
        for (int i = odd; i < lanes; i += 2) absl::StrAppend(&mask, mask.empty() ? "" : ", ", "i32 ", i);
        halves[odd] = out_.define("shufflevector ", type, " ", vector, ", ", type, " poison, ", vectorOf("i32", lanes / 2), " <", mask, ">");
      }
      vector = emitCombine(op, dtype, lanes / 2, {halves[0], halves[1]}, out_);
    }
    return vector;
  }

  // What both have in common.

  void emitParams() {
    pointers_.clear();
    strides_.clear();
    for (size_t i = 0; i < group_.kernel.params.size(); i++) emitParam(i);
    emitInvariants();
  }

  void emitParam(size_t i) {
    const size_t offset = i * sizeof(KernelArg);
    std::string slot = out_.define("getelementptr inbounds i8, ptr %args, i64 ", offset);
    if (isInSlot(group_.kernel.params[i])) {
      pointers_.push_back(slot);
      strides_.emplace_back();
      return;
    }
    pointers_.push_back(out_.define("load ptr, ptr ", slot));
    std::string stride = out_.define("getelementptr inbounds i8, ptr %args, i64 ", offset + offsetof(KernelArg, stride));
    strides_.push_back(out_.define("load i64, ptr ", stride));
  }

  /// What is the same for all elements: constants, scalars, repeated elements and what is made of them.
  void emitInvariants() {
    scalar_names_.assign(dag_.scalars().size(), {});
    vector_names_.assign(dag_.scalars().size(), {});
    for (ScalarId id = 0; id < dag_.scalars().size(); id++) {
      const Scalar& scalar = dag_[id];
      if (!invariant_[id]) continue;
      const std::string element = registerType(scalar.dtype);
      if (scalar.op == ScalarOp::kConstant) {
        scalar_names_[id] = literal(scalar.dtype, scalar.bits);
        vector_names_[id] = repeated(element, scalar_names_[id], lanes_);
        continue;
      }
      scalar_names_[id] = scalar.op == ScalarOp::kLoad ? emitLoad(scalar.dtype, pointers_[scalar.bits], 1) : emitOp(scalar, 1);
      vector_names_[id] = out_.broadcast(element, lanes_, scalar_names_[id]);
    }
  }

  /// Whether every array's elements lie side by side.
  std::string emitDense() {
    std::string dense = "true";
    for (size_t i = 0; i < group_.kernel.params.size(); i++) {
      if (!runs_[i]) continue;
      std::string unit = out_.define("icmp eq i64 ", strides_[i], ", ", dtypeItemSize(dtypes_[i]));
      dense = out_.define("and i1 ", dense, ", ", unit);
    }
    return dense;
  }

  /// Computes the elements from `index` on and stores those of outputs along the run. The values of outputs.
  std::vector<std::string> emitBody(Access access, std::string_view index) {
    Places places;
    for (size_t i = 0; i < group_.kernel.params.size(); i++) places.push_back(runs_[i] ? emitPlaces(i, access, index) : std::vector<std::string>());
    return emitOps(access == Access::kSingle ? 1 : lanes_, places);
  }

  /// The same, of elements at places of parameters.
  std::vector<std::string> emitOps(int lanes, const std::vector<std::vector<std::string>>& places) {
    std::vector<std::string>& names = lanes > 1 ? vector_names_ : scalar_names_;
    for (ScalarId id = 0; id < dag_.scalars().size(); id++) {
      if (invariant_[id]) continue;
      const Scalar& scalar = dag_[id];
      names[id] = scalar.op == ScalarOp::kLoad ? emitLoads(scalar.dtype, places[scalar.bits], lanes) : emitOp(scalar, lanes);
    }
    std::vector<std::string> values;
    for (size_t i = 0; i < dag_.outputs().size(); i++) {
      const KernelOutput& output = dag_.outputs()[i];
      values.push_back(names[output.value]);
      const size_t param = placeOf(i);
      if (!runs_[param]) continue;
      if (output.combine) {
        const std::string so_far = emitLoads(dtypes_[param], places[param], lanes);
        values[i] = emitCombine(*output.combine, dtypes_[param], lanes, {so_far, values[i]}, out_);
      }
      emitStores(dtypes_[param], places[param], values[i], lanes);
    }
    return values;
  }

  /// Where a parameter's elements are: one place, or one for each lane.
  std::vector<std::string> emitPlaces(size_t param, Access access, std::string_view index) {
    if (access == Access::kDense) {
      return {out_.define("getelementptr inbounds ", memoryType(dtypes_[param]), ", ptr ", pointers_[param], ", i64 ", index)};
    }
    const std::string offset = out_.define("mul i64 ", index, ", ", strides_[param]);
    std::vector<std::string> places = {out_.define("getelementptr inbounds i8, ptr ", pointers_[param], ", i64 ", offset)};
    for (int i = 1; access == Access::kGathered && i < lanes_; i++) {
      places.push_back(out_.define("getelementptr inbounds i8, ptr ", places.back(), ", i64 ", strides_[param]));
    }
    return places;
  }

  std::string emitLoads(DType dtype, const std::vector<std::string>& places, int lanes) {
    if (places.size() == 1) return emitLoad(dtype, places[0], lanes);
    std::string vector = "poison";
    for (size_t i = 0; i < places.size(); i++) {
      const std::string element = emitLoad(dtype, places[i], 1);
      vector = out_.define("insertelement ", typeOf(dtype, lanes), " ", vector, ", ", registerType(dtype), " ", element, ", i64 ", i);
    }
    return vector;
  }

  void emitStores(DType dtype, const std::vector<std::string>& places, const std::string& value, int lanes) {
    if (places.size() == 1) return emitStore(dtype, places[0], value, lanes);
    for (size_t i = 0; i < places.size(); i++) {
      emitStore(dtype, places[i], out_.define("extractelement ", typeOf(dtype, lanes), " ", value, ", i64 ", i), 1);
    }
  }

  std::string emitLoad(DType dtype, std::string_view place, int lanes) {
    std::string loaded = out_.define("load ", vectorOf(memoryType(dtype), lanes), ", ptr ", place, ", align ", dtypeItemSize(dtype));
    if (dtype != DType::kBool) return loaded;
    return out_.define("icmp ne ", vectorOf("i8", lanes), " ", loaded, ", ", repeated("i8", "0", lanes));
  }

  void emitStore(DType dtype, std::string_view place, std::string value, int lanes) {
    if (dtype == DType::kBool) value = out_.define("zext ", vectorOf("i1", lanes), " ", value, " to ", vectorOf("i8", lanes));
    out_.line("store ", vectorOf(memoryType(dtype), lanes), " ", value, ", ptr ", place, ", align ", dtypeItemSize(dtype));
  }

  std::string emitOp(const Scalar& scalar, int lanes) {
    const std::vector<std::string>& names = lanes > 1 ? vector_names_ : scalar_names_;
    absl::InlinedVector<std::string, 3> args;
    for (size_t k = 0; k < scalar.arity; k++) args.push_back(names[scalar.args[k]]);
    return isMath(scalar.op) ? emitCall(scalar, lanes, args) : emitScalarOp(dag_, scalar, lanes, args, out_);
  }

  std::string emitCall(const Scalar& scalar, int lanes, absl::Span<const std::string> args) {
    const MathFunction function{scalar.op, scalar.dtype, lanes};
    functions_.insert(function);
    const std::string type = typeOf(scalar.dtype, lanes), name = mathFunctionName(function);
    auto typed = [&type](std::string* text, const std::string& arg) { absl::StrAppend(text, type, " ", arg); };
    auto bare = [&type](std::string* text, const std::string&) { *text += type; };
    out_.declare(absl::StrCat("declare ", type, " @", name, "(", absl::StrJoin(args, ", ", bare), ")"));
    return out_.define("call ", type, " @", name, "(", absl::StrJoin(args, ", ", typed), ") strictfp");
  }

  /// By parameter.
  using Places = std::vector<std::vector<std::string>>;

  const Group& group_;
  const KernelDag& dag_;
  int lanes_ = 1;
  std::vector<bool> runs_;                 ///< by parameter: an array whose elements change along the run
  std::vector<DType> dtypes_;              ///< by parameter
  std::vector<size_t> folds_;              ///< outputs that the run is reduced to
  std::vector<std::string> pointers_, strides_;   ///< by parameter: registers
  std::vector<bool> invariant_;            ///< by scalar
  std::vector<std::string> scalar_names_, vector_names_;   ///< by scalar: registers or constants
  std::set<MathFunction> functions_;
  IrBuilder out_;
};

}  // namespace

KernelText emitKernel(const Group& group, int vector_bytes) { return Emitter(group, vector_bytes).run(); }

std::string emitModule(std::string_view name, std::string_view kernel) { return absl::StrCat("define void @", name, kernel); }

}  // namespace segue::llvm
