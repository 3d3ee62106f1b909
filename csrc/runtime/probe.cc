#include "runtime/probe.h"

#include "hook/quiet.h"

namespace segue {

Ref makeProbe(std::unique_ptr<ProbeSite> site) {
  auto free_site = [](void* held) { delete static_cast<ProbeSite*>(held); };
  Ref probe = Ref::steal(segue_probe_new(site.get(), free_site));
  if (probe) (void)site.release();
  return probe;
}

ProbeSite* probeSite(BorrowedRef probe) {
  return static_cast<ProbeSite*>(reinterpret_cast<SegueProbe*>(probe.get())->site);
}

Ref makeLayout(BorrowedRef original, const SpliceLayout& layout) {
  if (!segue_has_tools()) return Ref();
  std::vector<SegueForeign> foreign;
  for (const SpliceLayout::Unit& at : layout.foreign) {
    foreign.push_back({.unit = at.unit, .opcode = at.opcode, .arg = at.arg, .gate = at.gate});
  }
  std::vector<SegueRest> rests;
  for (const SpliceLayout::Rest& at : layout.rests) rests.push_back({.unit = at.unit, .original = at.original});
  const SegueLayoutParts parts = {.foreign = foreign.data(), .rests = rests.data(), .joins = layout.joins.data(),
                                  .foreign_count = static_cast<int>(foreign.size()),
                                  .rest_count = static_cast<int>(rests.size()),
                                  .join_count = static_cast<int>(layout.joins.size())};
  Ref made = Ref::steal(segue_layout_new(reinterpret_cast<PyCodeObject*>(original.get()), &parts));
  if (!made) PyErr_Clear();   // tools see more then
  return made;
}

}  // namespace segue
