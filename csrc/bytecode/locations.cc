#include "bytecode/locations.h"

#include "base/fault.h"

namespace segue {

namespace {

// Kinds 0 to 9 are short forms: the kind is the column's upper bits.
constexpr int kOneLine0 = 10;  // to 12: line + (kind - 10), both columns in a byte each
constexpr int kNoColumns = 13;
constexpr int kLong = 14;
constexpr int kNone = 15;
constexpr int kMaxUnits = 8;

class Writer {
 public:
  explicit Writer(int first_line) : line_(first_line) {}

  void entry(int units, const Position& at) {
    if (at.line < 0) return start(kNone, units);
    const int delta = at.line - line_;
    const bool has_columns = at.column >= 0 && at.end_column >= 0 && !SEGUE_FAULT(ColumnsLost);
    line_ = at.line;
    if (!has_columns && (at.end_line == at.line || at.end_line == -1)) {
      start(kNoColumns, units);
      return signedNumber(delta);
    }
    if (has_columns && at.end_line == at.line) {
      const int width = at.end_column - at.column;
      if (delta == 0 && at.column < 80 && width >= 0 && width < 16) {
        start(at.column >> 3, units);
        return byte((at.column & 7) << 4 | width);
      }
      if (delta >= 0 && delta < 3 && at.column < 128 && at.end_column < 128) {
        start(kOneLine0 + delta, units);
        byte(at.column);
        return byte(at.end_column);
      }
    }
    start(kLong, units);
    signedNumber(delta);
    number(at.end_line - at.line);
    number(at.column + 1);
    number(at.end_column + 1);
  }

  std::string take() { return std::move(out_); }

 private:
  void byte(int value) { out_.push_back(static_cast<char>(value)); }
  void start(int kind, int units) { byte(0x80 | kind << 3 | (units - 1)); }
  void number(uint32_t value) {
    for (; value >= 64; value >>= 6) byte(0x40 | (value & 63));
    byte(static_cast<int>(value));
  }
  void signedNumber(int value) {
    number(value < 0 ? (0u - static_cast<uint32_t>(value)) << 1 | 1 : static_cast<uint32_t>(value) << 1);
  }

  std::string out_;
  int line_;  ///< of the entry before
};

class Reader {
 public:
  Reader(std::string_view table, int first_line) : table_(table), line_(first_line) {}
  bool atEnd() const { return next_ == table_.size(); }
  size_t position() const { return next_; }
  bool failed() const { return failed_; }

  LocationRun entry() {
    const int first = byte();
    if ((first & 0x80) == 0) failed_ = true;
    const int kind = first >> 3 & 15;
    LocationRun run{(first & 7) + 1, {}};
    if (kind == kNone) return run;
    Position& at = run.position;
    if (kind < kOneLine0) {
      const int low = byte();
      at = {line_, line_, kind << 3 | low >> 4, 0};
      at.end_column = at.column + (low & 15);
    } else if (kind < kNoColumns) {
      line_ += kind - kOneLine0;
      const int column = byte();
      at = {line_, line_, column, byte()};
    } else {
      line_ += signedNumber();
      at = {line_, line_, -1, -1};
      if (kind == kLong) {
        at.end_line = line_ + static_cast<int>(number());
        at.column = static_cast<int>(number()) - 1;
        at.end_column = static_cast<int>(number()) - 1;
      }
    }
    return run;
  }

 private:
  int byte() {
    if (atEnd()) {
      failed_ = true;
      return 0;
    }
    return static_cast<uint8_t>(table_[next_++]);
  }
  uint32_t number() {
    uint32_t value = 0;
    for (int shift = 0;; shift += 6) {
      const int part = byte();
      if (shift < 32) value |= static_cast<uint32_t>(part & 63) << shift;
      if ((part & 0x40) == 0) return value;
    }
  }
  int signedNumber() {
    const uint32_t value = number();
    return (value & 1) != 0 ? -static_cast<int>(value >> 1) : static_cast<int>(value >> 1);
  }

  std::string_view table_;
  size_t next_ = 0;
  int line_;             ///< of the entry before
  bool failed_ = false;  ///< the table broke off
};

}  // namespace

Result<std::vector<LocationRun>> parseLocations(std::string_view table, int first_line) {
  std::vector<LocationRun> runs;
  Reader reader(table, first_line);
  while (!reader.atEnd()) {
    const size_t at = reader.position();
    runs.push_back(reader.entry());
    SEGUE_REQUIRE(!reader.failed(), "line table: the entry at byte %d is not complete", at);
  }
  return runs;
}

std::string encodeLocations(absl::Span<const LocationRun> runs, int first_line) {
  Writer writer(first_line);
  for (const LocationRun& run : runs) {
    int units = run.units;
    for (; units > kMaxUnits; units -= kMaxUnits) writer.entry(kMaxUnits, run.position);
    if (units > 0) writer.entry(units, run.position);
  }
  return writer.take();
}

}  // namespace segue
