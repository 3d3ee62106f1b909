#include "runtime/probe.h"

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

}  // namespace segue
