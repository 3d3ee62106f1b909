// Raw code to canonical instructions: prefixes and their instruction become one unit, units are expanded, jumps and
// handlers are renumbered, and the stack depth of every reachable instruction is found.
#include "bytecode/decode.h"

namespace segue {

int Body::indexAt(int offset) const {
  const size_t unit = static_cast<size_t>(offset) / 2;
  return offset < 0 || unit >= index_of_unit_.size() ? -1 : index_of_unit_[unit];
}

class Canonicalizer {
 public:
  Canonicalizer(const RawCode& raw, const RawTable& table) : raw_(raw), table_(table) {}

  Result<Body> run() {
    SEGUE_REQUIRE(!raw_.insns.empty(), "the code is empty");
    SEGUE_TRY_VOID(expandAll());
    SEGUE_TRY_VOID(renumberJumps());
    SEGUE_TRY_VOID(renumberHandlers());
    SEGUE_TRY_VOID(findDepths());
    return std::move(body_);
  }

 private:
  RawRole roleOf(int raw_index) const { return table_[raw_.insns[raw_index].opcode].role; }
  int rawCount() const { return static_cast<int>(raw_.insns.size()); }

  Result<void> expandAll() {
    unit_of_raw_.assign(rawCount(), -1);
    first_insn_of_raw_.assign(rawCount(), -1);
    raw_at_unit_.assign(raw_.units + 1, -1);
    body_.index_of_unit_.assign(raw_.units, -1);
    for (int i = 0; i < rawCount(); i++) raw_at_unit_[raw_.insns[i].offset / 2] = i;
    for (int i = 0; i < rawCount();) {
      SEGUE_TRY(i, expandUnit(i));
    }
    return {};
  }

  /// Expands the unit that starts at the raw instruction `first`; returns the raw instruction behind it.
  Result<int> expandUnit(int first) {
    RawOperands in;
    int last = first;
    for (; last < rawCount() && roleOf(last) != RawRole::kNormal; last++) {
      if (roleOf(last) == RawRole::kNames) in.names = raw_.insns[last].arg;
    }
    SEGUE_REQUIRE(last < rawCount(), "offset %d: a call's prefix ends the code", raw_.insns[first].offset);
    const RawInsn& main = raw_.insns[last];
    SEGUE_REQUIRE(last == first || table_[main.opcode].name == "CALL", "offset %d: %s where a CALL must stand",
                  main.lasti, table_[main.opcode].name);
    in.opcode = main.opcode;
    in.arg = main.arg;
    in.target = main.target;
    Expansion out;
    table_.expand(in, out);
    SEGUE_REQUIRE(!out.insns.empty(), "offset %d: %s has the operand %d, which no compiler emits", main.lasti,
                  table_[main.opcode].name, main.arg);
    const int index = body_.size();
    for (Insn& insn : out.insns) {
      insn.is_first_of_raw = &insn == &out.insns.front();
      insn.offset = raw_.insns[first].offset;
      insn.lasti = main.lasti;
      insn.position = main.position;
      body_.insns_.push_back(insn);
    }
    first_insn_of_raw_[first] = index;
    const int end = last + 1 < rawCount() ? raw_.insns[last + 1].offset / 2 : raw_.units;
    for (int unit = raw_.insns[first].offset / 2; unit < end; unit++) body_.index_of_unit_[unit] = index;
    for (int i = first; i <= last; i++) unit_of_raw_[i] = index;
    main_of_insn_.insert(main_of_insn_.end(), out.insns.size(), last);
    return last + 1;
  }

  Result<void> renumberJumps() {
    for (int i = 0; i < body_.size(); i++) {
      Insn& insn = body_.insns_[i];
      if (insn.target < 0) continue;
      const RawInsn& raw = raw_.insns[main_of_insn_[i]];
      const int unit = raw_.insns[raw.target].offset / 2 + table_[raw.opcode].skip;
      const int raw_target = unit < raw_.units ? raw_at_unit_[unit] : -1;
      SEGUE_REQUIRE(raw_target >= 0 && first_insn_of_raw_[raw_target] >= 0,
                    "offset %d: a jump to %d, the middle of an instruction or of a call", raw.lasti, 2 * unit);
      insn.target = first_insn_of_raw_[raw_target];
    }
    return {};
  }

  Result<void> renumberHandlers() {
    body_.handler_of_.assign(body_.size(), -1);
    for (const RawHandler& raw : raw_.handlers) {
      Handler handler{raw.start < rawCount() ? unit_of_raw_[raw.start] : body_.size(),
                      raw.end < rawCount() ? unit_of_raw_[raw.end] : body_.size(), first_insn_of_raw_[raw.target],
                      raw.depth, raw.push_offset};
      SEGUE_REQUIRE(handler.target >= 0, "offset %d: a handler in the middle of a call", raw_.insns[raw.target].offset);
      const int index = static_cast<int>(body_.handlers_.size());
      // What a unit raises, its last raw instruction raises: the prefixes cannot.
      for (int i = handler.start; i < body_.size() && main_of_insn_[i] < raw.end; i++) {
        if (main_of_insn_[i] >= raw.start) body_.handler_of_[i] = index;
      }
      body_.handlers_.push_back(handler);
    }
    return {};
  }

  // Depths: every path to an instruction brings the same stack. Handlers are entered from any covered instruction with
  // the stack cut to the handler's depth, so one visit is enough.
  Result<void> findDepths() {
    body_.depths_.assign(body_.size(), -1);
    work_.assign(1, 0);
    body_.depths_[0] = 0;
    while (!work_.empty()) {
      const int index = work_.back();
      work_.pop_back();
      SEGUE_TRY_VOID(follow(index));
    }
    return {};
  }

  Result<void> follow(int index) {
    const Insn& insn = body_.insns_[index];
    const int depth = body_.depths_[index];
    const Flow flow = traitsOf(insn.op).flow;
    if (const Handler* handler = body_.handlerOf(index)) {
      SEGUE_REQUIRE(!insn.is_first_of_raw || depth >= handler->depth,
                    "offset %d: %d stack slots, but its handler keeps %d", insn.lasti, depth, handler->depth);
      SEGUE_TRY_VOID(reach(index, handler->target, handler->depthAtTarget()));
    }
    if (flow == Flow::kNext || flow == Flow::kBranch || flow == Flow::kYield) {
      SEGUE_TRY_VOID(step(index, index + 1, stackEffectOf(insn)));
    }
    if (flow == Flow::kJump || flow == Flow::kBranch) {
      SEGUE_TRY_VOID(step(index, insn.target, stackEffectOf(insn, true)));
    }
    if (insn.op == Opcode::kForIter) {
      // 3.12 and 3.13 run a generator's body inside the loop's own frame stack; its return value is pushed above the
      // iterator at the EndFor, which all other paths skip.
      const int end_for = first_insn_of_raw_[raw_.insns[main_of_insn_[index]].target];
      SEGUE_REQUIRE(end_for >= 0, "offset %d: a loop ends in the middle of a call", insn.lasti);
      if (end_for != insn.target) {
        SEGUE_TRY_VOID(reach(index, end_for, depth + 1));
      }
    }
    if (flow == Flow::kReturn || flow == Flow::kRaise) {
      SEGUE_REQUIRE(depth >= stackEffectOf(insn).pops, "offset %d: %s pops from an empty stack", insn.lasti,
                    traitsOf(insn.op).name);
    }
    return {};
  }

  Result<void> step(int index, int to, StackEffect effect) {
    const Insn& insn = body_.insns_[index];
    SEGUE_REQUIRE(effect.pops >= 0 && effect.pushes >= 0 && body_.depths_[index] >= effect.pops,
                  "offset %d: %s takes %d of %d stack slots", insn.lasti, traitsOf(insn.op).name, effect.pops,
                  body_.depths_[index]);
    return reach(index, to, body_.depths_[index] + effect.net());
  }

  Result<void> reach(int from, int to, int depth) {
    SEGUE_REQUIRE(to < body_.size(), "offset %d: execution runs off the end", body_.insns_[from].lasti);
    int& known = body_.depths_[to];
    SEGUE_REQUIRE(known < 0 || known == depth, "offset %d: reached with %d and with %d stack slots",
                  body_.insns_[to].offset, known, depth);
    if (known < 0) {
      known = depth;
      work_.push_back(to);
    }
    return {};
  }

  const RawCode& raw_;
  const RawTable& table_;
  Body body_;
  std::vector<int> unit_of_raw_;        ///< per raw instruction: first canonical instruction of its unit
  std::vector<int> first_insn_of_raw_;  ///< the same, -1 where the raw instruction is not the unit's first
  std::vector<int> raw_at_unit_;        ///< per code unit: raw instruction that starts there, or -1
  std::vector<int> main_of_insn_;       ///< per canonical instruction: its unit's last raw instruction
  std::vector<int> work_;               ///< reached instructions to follow
};

Result<Body> canonicalize(const RawCode& raw) {
  const RawTable* table = rawTable(raw.version);
  SEGUE_REQUIRE(table != nullptr, "no opcode table for version %d", raw.version);
  SEGUE_REQUIRE(raw.units > 0, "the code has no offsets: relocate it first");
  return Canonicalizer(raw, *table).run();
}

}  // namespace segue
