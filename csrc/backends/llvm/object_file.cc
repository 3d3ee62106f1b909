#include "backends/llvm/object_file.h"

#include <elf.h>

#include <bit>
#include <cstring>
#include <string>

#include "absl/strings/match.h"

namespace segue::llvm {
namespace {

constexpr uint64_t kMaxAlign = 4096;
constexpr uint32_t kUnwindSection = 0x70000001;   ///< SHT_X86_64_UNWIND

class ObjectReader {
 public:
  explicit ObjectReader(absl::Span<const uint8_t> bytes) : bytes_(bytes) {}

  Result<ObjectFile> read() {
    SEGUE_TRY_VOID(readHeader());
    SEGUE_TRY_VOID(readSections());
    SEGUE_TRY_VOID(readSymbols());
    SEGUE_TRY_VOID(readRelocations());
    return std::move(object_);
  }

 private:
  /// A part of the object.
  Result<absl::Span<const uint8_t>> part(uint64_t offset, uint64_t size, const char* what) const {
    SEGUE_REQUIRE(offset <= bytes_.size() && size <= bytes_.size() - offset, "the object ends within %s", what);
    return bytes_.subspan(offset, size);
  }

  /// The records of a part that holds nothing else.
  template <class Record>
  static Result<std::vector<Record>> records(absl::Span<const uint8_t> part, uint64_t record_size, const char* what) {
    SEGUE_REQUIRE(record_size == sizeof(Record) && part.size() % sizeof(Record) == 0, "%s have another size", what);
    std::vector<Record> out(part.size() / sizeof(Record));
    if (!part.empty()) std::memcpy(out.data(), part.data(), part.size());
    return out;
  }

  /// The zero-terminated name at an offset of a string table.
  static Result<std::string_view> nameIn(absl::Span<const uint8_t> table, uint64_t offset) {
    SEGUE_REQUIRE(offset < table.size(), "a name lies outside its table");
    const auto* start = reinterpret_cast<const char*>(table.data() + offset);
    const void* end = std::memchr(start, 0, table.size() - offset);
    SEGUE_REQUIRE(end != nullptr, "a name has no end");
    return std::string_view(start, static_cast<size_t>(static_cast<const char*>(end) - start));
  }

  Result<void> readHeader() {
    SEGUE_TRY(absl::Span<const uint8_t> start, part(0, sizeof(Elf64_Ehdr), "its header"));
    std::memcpy(&header_, start.data(), sizeof header_);
    SEGUE_REQUIRE(std::memcmp(header_.e_ident, ELFMAG, SELFMAG) == 0 && header_.e_ident[EI_CLASS] == ELFCLASS64 &&
                      header_.e_ident[EI_DATA] == ELFDATA2LSB && header_.e_type == ET_REL,
                  "not a 64-bit little-endian relocatable ELF object");
    SEGUE_REQUIRE(header_.e_machine == EM_X86_64 || header_.e_machine == EM_AARCH64, "an object for machine %d", header_.e_machine);
    object_.machine = header_.e_machine == EM_X86_64 ? Machine::kX86_64 : Machine::kAArch64;
    return {};
  }

  Result<void> readSections() {
    SEGUE_TRY(absl::Span<const uint8_t> table,
              part(header_.e_shoff, uint64_t{header_.e_shnum} * sizeof(Elf64_Shdr), "its table of sections"));
    SEGUE_TRY(headers_, records<Elf64_Shdr>(table, header_.e_shentsize, "section headers"));
    SEGUE_REQUIRE(header_.e_shstrndx < headers_.size(), "the sections have no names");
    SEGUE_TRY(absl::Span<const uint8_t> names, contents(header_.e_shstrndx, SHT_STRTAB));
    for (const Elf64_Shdr& header : headers_) {
      SEGUE_TRY(std::string_view name, nameIn(names, header.sh_name));
      SEGUE_TRY(ObjectSection section, sectionOf(header, name));
      object_.sections.push_back(section);
    }
    return {};
  }

  /// The bytes of a section of a certain type.
  Result<absl::Span<const uint8_t>> contents(uint64_t index, uint32_t type) const {
    SEGUE_REQUIRE(index < headers_.size() && headers_[index].sh_type == type, "section %d is not of type %d", index, type);
    return part(headers_[index].sh_offset, headers_[index].sh_size, "a section");
  }

  Result<ObjectSection> sectionOf(const Elf64_Shdr& header, std::string_view name) const {
    ObjectSection out;
    out.name = name;
    if ((header.sh_flags & SHF_ALLOC) == 0 || header.sh_size == 0 || header.sh_type == SHT_NOTE || header.sh_type == kUnwindSection ||
        absl::StartsWith(name, ".eh_frame")) {
      return out;
    }
    const bool code = (header.sh_flags & SHF_EXECINSTR) != 0, writable = (header.sh_flags & SHF_WRITE) != 0;
    // Constants that hold addresses are writable only until they are relocated.
    SEGUE_REQUIRE(!writable || absl::StartsWith(name, ".data.rel.ro"), "section %s is writable", std::string(name));
    SEGUE_REQUIRE(header.sh_type == SHT_PROGBITS && (header.sh_flags & SHF_TLS) == 0 && !(code && writable),
                  "section %s is neither code nor constants", std::string(name));
    out.align = header.sh_addralign == 0 ? 1 : header.sh_addralign;
    SEGUE_REQUIRE(std::has_single_bit(out.align) && out.align <= kMaxAlign, "section %s is aligned to %d bytes", std::string(name),
                  out.align);
    SEGUE_TRY(out.bytes, part(header.sh_offset, header.sh_size, "a section"));
    out.use = code ? ObjectSection::Use::kCode : ObjectSection::Use::kConstants;
    return out;
  }

  Result<void> readSymbols() {
    for (size_t i = 0; i < headers_.size(); i++) {
      if (headers_[i].sh_type != SHT_SYMTAB) continue;
      SEGUE_REQUIRE(symbol_table_ == 0, "the object has two symbol tables");
      symbol_table_ = i;
      SEGUE_TRY(absl::Span<const uint8_t> table, contents(i, SHT_SYMTAB));
      SEGUE_TRY(std::vector<Elf64_Sym> symbols, records<Elf64_Sym>(table, headers_[i].sh_entsize, "symbols"));
      SEGUE_TRY(absl::Span<const uint8_t> names, contents(headers_[i].sh_link, SHT_STRTAB));
      for (const Elf64_Sym& symbol : symbols) {
        SEGUE_TRY(std::string_view name, nameIn(names, symbol.st_name));
        SEGUE_TRY(ObjectSymbol read, symbolOf(symbol, name));
        object_.symbols.push_back(read);
      }
    }
    return {};
  }

  Result<ObjectSymbol> symbolOf(const Elf64_Sym& symbol, std::string_view name) const {
    ObjectSymbol out;
    out.name = name;
    if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) == STT_FILE) return out;
    SEGUE_REQUIRE(symbol.st_shndx < object_.sections.size(), "symbol '%s' lies in no section", std::string(name));
    out.section = symbol.st_shndx;
    out.offset = symbol.st_value;
    const ObjectSection& section = object_.sections[out.section];
    if (section.use == ObjectSection::Use::kNone) return out;
    SEGUE_REQUIRE(out.offset <= section.bytes.size(), "symbol '%s' lies behind the end of its section", std::string(name));
    out.exported = ELF64_ST_BIND(symbol.st_info) != STB_LOCAL && ELF64_ST_TYPE(symbol.st_info) == STT_FUNC &&
                   section.use == ObjectSection::Use::kCode && out.offset < section.bytes.size();
    return out;
  }

  Result<void> readRelocations() {
    for (size_t i = 0; i < headers_.size(); i++) {
      const Elf64_Shdr& header = headers_[i];
      if (header.sh_type != SHT_RELA && header.sh_type != SHT_REL) continue;
      SEGUE_REQUIRE(header.sh_info < object_.sections.size(), "relocations belong to no section");
      const ObjectSection& target = object_.sections[header.sh_info];
      if (target.use == ObjectSection::Use::kNone) continue;
      SEGUE_REQUIRE(header.sh_type == SHT_RELA, "the relocations of section %s have no addends", std::string(target.name));
      SEGUE_REQUIRE(header.sh_link == symbol_table_ && symbol_table_ != 0, "relocations belong to no symbol table");
      SEGUE_TRY(absl::Span<const uint8_t> table, contents(i, SHT_RELA));
      SEGUE_TRY(std::vector<Elf64_Rela> entries, records<Elf64_Rela>(table, header.sh_entsize, "relocations"));
      for (const Elf64_Rela& entry : entries) {
        const auto symbol = static_cast<uint32_t>(ELF64_R_SYM(entry.r_info));
        SEGUE_REQUIRE(symbol < object_.symbols.size(), "a relocation is of no symbol");
        object_.relocations.push_back(
            {header.sh_info, symbol, static_cast<uint32_t>(ELF64_R_TYPE(entry.r_info)), entry.r_offset, entry.r_addend});
      }
    }
    return {};
  }

  absl::Span<const uint8_t> bytes_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Shdr> headers_;
  size_t symbol_table_ = 0;             ///< its section; 0: none
  ObjectFile object_;
};

}  // namespace

Result<ObjectFile> readObject(absl::Span<const uint8_t> bytes) { return ObjectReader(bytes).read(); }

}  // namespace segue::llvm
