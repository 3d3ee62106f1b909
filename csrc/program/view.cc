#include "program/view.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace segue {
namespace {

std::string text(const ViewNumber& number) {
  if (number.in_register) return absl::StrCat("i", number.value);
  return number.value == INT64_MAX || number.value == INT64_MIN ? "" : absl::StrCat(number.value);
}

void appendItem(std::string* out, const ViewItem& item) {
  if (item.kind == ViewItem::Kind::kNewAxis) {
    absl::StrAppend(out, "None");
  } else if (item.kind == ViewItem::Kind::kInt) {
    absl::StrAppend(out, text(item.start));
  } else {
    const bool from_first = !item.start.in_register && item.start.value == 0;
    absl::StrAppend(out, from_first ? "" : text(item.start), ":", text(item.stop));
    if (item.step.in_register || item.step.value != 1) absl::StrAppend(out, ":", text(item.step));
  }
}

}  // namespace

std::string printView(const ViewIndex& index) { return absl::StrJoin(index, ", ", appendItem); }

}  // namespace segue
