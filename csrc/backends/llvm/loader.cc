#include "backends/llvm/loader.h"

#include <optional>

#include "backends/llvm/relocation.h"
#include "base/fault.h"

namespace segue::llvm {
namespace {

std::optional<Machine> hostMachine() {
#if defined(__x86_64__) && defined(__LP64__)
  return Machine::kX86_64;
#elif defined(__aarch64__) && defined(__LP64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return Machine::kAArch64;
#else
  return std::nullopt;
#endif
}

uint64_t aligned(uint64_t offset, uint64_t to) { return (offset + to - 1) & ~(to - 1); }

/// At most what the linked object takes.
struct Room {
  size_t code = 0, constants = 0;
};
Room roomFor(const ObjectFile& object) {
  Room room{.code = (object.relocations.size() + 1) * kStubSize, .constants = (object.relocations.size() + 1) * sizeof(uint64_t)};
  for (const ObjectSection& section : object.sections) {
    if (section.use == ObjectSection::Use::kNone) continue;
    (section.use == ObjectSection::Use::kCode ? room.code : room.constants) += section.bytes.size() + section.align;
  }
  return room;
}

class Linker {
 public:
  Linker(const ObjectFile& object, const CodeSpace& at, SymbolFinder find) : object_(object), at_(at), find_(find) {}

  Result<Image> run() {
    for (const ObjectSection& section : object_.sections) place(section);
    for (const ObjectRelocation& relocation : object_.relocations) SEGUE_TRY_VOID(apply(relocation));
    for (const ObjectSymbol& symbol : object_.symbols) {
      if (symbol.exported) image_.functions.emplace_back(symbol.name, addresses_[symbol.section] + symbol.offset);
    }
    return std::move(image_);
  }

 private:
  void place(const ObjectSection& section) {
    addresses_.push_back(0);
    if (section.use == ObjectSection::Use::kNone) return;
    const bool code = section.use == ObjectSection::Use::kCode;
    addresses_.back() = append(code ? image_.code : image_.constants, code ? at_.code : at_.constants, section.bytes, section.align);
  }

  /// The address of bytes that are put behind others.
  static uint64_t append(std::vector<uint8_t>& zone, uint64_t base, absl::Span<const uint8_t> bytes, uint64_t align) {
    zone.resize(aligned(zone.size(), align));
    const uint64_t address = base + zone.size();
    zone.insert(zone.end(), bytes.begin(), bytes.end());
    return address;
  }

  Result<void> apply(const ObjectRelocation& relocation) {
    const RelocationKind* kind = relocationKind(object_.machine, relocation.type);
    const ObjectSection& section = object_.sections[relocation.section];
    const ObjectSymbol& symbol = object_.symbols[relocation.symbol];
    SEGUE_REQUIRE(kind != nullptr, "relocation %d of '%s' is unknown", relocation.type, nameOf(symbol));
    const auto size = static_cast<uint64_t>(relocationSize(*kind));
    SEGUE_REQUIRE(relocation.offset <= section.bytes.size() && size <= section.bytes.size() - relocation.offset,
                  "%s lies outside section %s", kind->name, std::string(section.name));
    if (size == 0) return {};
    SEGUE_TRY(const uint64_t address, addressOf(relocation.symbol));
    const uint64_t where = addresses_[relocation.section] + relocation.offset;
    const auto addend = SEGUE_FAULT(RelocationAddendLost) ? 0 : static_cast<uint64_t>(relocation.addend);
    uint64_t target = address + addend;
    const bool stub = kind->branch && !relocationReaches(*kind, where, target);
    if (stub || kind->slot) {
      SEGUE_REQUIRE(object_.machine == Machine::kX86_64 || addend == 0, "%s of '%s' has an addend", kind->name, nameOf(symbol));
      target = (stub ? stubOf(address) : slotOf(address)) + addend;
    }
    const bool code = section.use == ObjectSection::Use::kCode;
    uint8_t* field = code ? image_.code.data() + (where - at_.code) : image_.constants.data() + (where - at_.constants);
    SEGUE_REQUIRE(relocate(*kind, field, where, target), "%s of '%s' is out of reach", kind->name, nameOf(symbol));
    return {};
  }

  Result<uint64_t> addressOf(uint32_t number) {
    const ObjectSymbol& symbol = object_.symbols[number];
    if (symbol.section == 0) {
      const void* found = find_(symbol.name);
      SEGUE_REQUIRE(found != nullptr, "symbol '%s' is unknown", std::string(symbol.name));
      return reinterpret_cast<uint64_t>(found);
    }
    const ObjectSection& section = object_.sections[symbol.section];
    SEGUE_REQUIRE(section.use != ObjectSection::Use::kNone, "symbol '%s' lies in section %s, which is not loaded", std::string(symbol.name),
                  std::string(section.name));
    return addresses_[symbol.section] + symbol.offset;
  }

  uint64_t stubOf(uint64_t target) {
    uint64_t& known = stubs_[target];
    if (known != 0) return known;
    uint8_t stub[kStubSize];
    writeStub(object_.machine, stub, target);
    return known = append(image_.code, at_.code, stub, kStubSize);
  }

  uint64_t slotOf(uint64_t target) {
    uint64_t& known = slots_[target];
    if (known != 0) return known;
    uint8_t slot[sizeof target];
    std::memcpy(slot, &target, sizeof target);
    return known = append(image_.constants, at_.constants, slot, sizeof target);
  }

  /// A section's own symbol has no name.
  std::string nameOf(const ObjectSymbol& symbol) const {
    return std::string(symbol.name.empty() ? object_.sections[symbol.section].name : symbol.name);
  }

  const ObjectFile& object_;
  const CodeSpace at_;
  SymbolFinder find_;
  Image image_;
  std::vector<uint64_t> addresses_;                    ///< by section
  absl::flat_hash_map<uint64_t, uint64_t> stubs_, slots_;   ///< by target: their addresses
};

}  // namespace

Result<Image> linkObject(const ObjectFile& object, const CodeSpace& at, SymbolFinder find) { return Linker(object, at, find).run(); }

Result<LoadedObject> loadObject(absl::Span<const uint8_t> bytes, SymbolFinder find, CodeArena& arena) {
  SEGUE_TRY(ObjectFile object, readObject(bytes));
  SEGUE_REQUIRE(hostMachine() == object.machine, "the object is for another machine");
  const Room room = roomFor(object);
  SEGUE_TRY(CodeSpace space, arena.reserve(room.code, room.constants));
  SEGUE_TRY(Image image, linkObject(object, space, find));
  SEGUE_TRY_VOID(arena.commit(image.code, image.constants));
  LoadedObject out;
  out.code_size = image.code.size();
  out.constants_size = image.constants.size();
  for (auto& [name, address] : image.functions) out.functions.emplace(std::move(name), reinterpret_cast<const void*>(address));
  return out;
}

bool canLoadCode() { return hostMachine().has_value(); }

}  // namespace segue::llvm
