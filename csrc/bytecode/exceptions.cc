#include "bytecode/exceptions.h"

#include "base/fault.h"

namespace segue {

namespace {

constexpr uint8_t kEntryStart = 0x80;
constexpr uint8_t kMore = 0x40;
constexpr uint8_t kGroup = 0x3f;

void appendNumber(std::string& out, int value, uint8_t mark) {
  int shift = 0;
  while (shift < 30 && (value >> (shift + 6)) != 0) shift += 6;
  for (; shift >= 0; shift -= 6) {
    uint8_t byte = (value >> shift) & kGroup;
    if (shift > 0) byte |= kMore;
    out.push_back(static_cast<char>(byte | mark));
    mark = 0;
  }
}

class Reader {
 public:
  explicit Reader(std::string_view table) : table_(table) {}
  bool atEnd() const { return next_ == table_.size(); }
  size_t position() const { return next_; }
  bool atEntry() const { return (static_cast<uint8_t>(table_[next_]) & kEntryStart) != 0; }

  /// -1 where the table ends within the number, or the number does not fit.
  int number() {
    int64_t value = 0;
    while (!atEnd()) {
      const uint8_t byte = static_cast<uint8_t>(table_[next_++]);
      value = value << 6 | (byte & kGroup);
      if (value > INT32_MAX) return -1;
      if ((byte & kMore) == 0) return static_cast<int>(value);
    }
    return -1;
  }

 private:
  std::string_view table_;
  size_t next_ = 0;
};

}  // namespace

Result<std::vector<ExceptionEntry>> parseExceptionTable(std::string_view table) {
  std::vector<ExceptionEntry> entries;
  Reader reader(table);
  while (!reader.atEnd()) {
    const size_t at = reader.position();
    SEGUE_REQUIRE(reader.atEntry(), "exception table: byte %d does not start an entry", at);
    const int start = reader.number(), size = reader.number(), target = reader.number(), packed = reader.number();
    SEGUE_REQUIRE(start >= 0 && size >= 0 && target >= 0 && packed >= 0,
                  "exception table: the entry at byte %d is not complete", at);
    const int end = start + size - (SEGUE_FAULT(HandlerEndsEarly) ? 1 : 0);
    entries.push_back({start, end, target, packed >> 1, (packed & 1) != 0});
  }
  return entries;
}

std::string encodeExceptionTable(absl::Span<const ExceptionEntry> entries) {
  std::string out;
  for (const ExceptionEntry& entry : entries) {
    appendNumber(out, entry.start, kEntryStart);
    appendNumber(out, entry.end - entry.start, 0);
    appendNumber(out, entry.target, 0);
    appendNumber(out, entry.depth << 1 | (entry.push_offset ? 1 : 0), 0);
  }
  return out;
}

}  // namespace segue
