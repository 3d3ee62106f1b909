// Small relocatable ELF objects, put together by hand.
#pragma once

#include <elf.h>

#include <cstring>
#include <string>
#include <vector>

#include "backends/llvm/object_file.h"

namespace segue::llvm::testing {

using Bytes = std::vector<uint8_t>;

class ObjectBuilder {
 public:
  explicit ObjectBuilder(Machine machine = Machine::kX86_64) : machine_(machine) {}

  /// Returns its number.
  uint32_t section(const std::string& name, Bytes bytes, uint64_t flags, uint64_t align = 16, uint32_t type = SHT_PROGBITS) {
    Elf64_Shdr header{};
    header.sh_type = type;
    header.sh_flags = flags;
    header.sh_addralign = align;
    sections_.push_back({name, header, std::move(bytes)});
    return static_cast<uint32_t>(sections_.size());
  }
  uint32_t code(Bytes bytes, const std::string& name = ".text") { return section(name, std::move(bytes), SHF_ALLOC | SHF_EXECINSTR); }
  uint32_t constants(Bytes bytes, const std::string& name = ".rodata") { return section(name, std::move(bytes), SHF_ALLOC); }

  /// A global function, or with section 0 a name that is to be found elsewhere. Returns its number.
  uint32_t symbol(const std::string& name, uint32_t section = 0, uint64_t offset = 0, unsigned char type = STT_FUNC,
                  unsigned char bind = STB_GLOBAL) {
    Elf64_Sym symbol{};
    symbol.st_name = static_cast<uint32_t>(names_.size());
    symbol.st_info = static_cast<unsigned char>(ELF64_ST_INFO(bind, section == 0 ? STT_NOTYPE : type));
    symbol.st_shndx = static_cast<uint16_t>(section);
    symbol.st_value = offset;
    names_ += name + '\0';
    symbols_.push_back(symbol);
    return static_cast<uint32_t>(symbols_.size());
  }

  void relocation(uint32_t section, uint64_t offset, uint32_t type, uint32_t symbol, int64_t addend) {
    relocations_.push_back({section, {offset, ELF64_R_INFO(uint64_t{symbol}, type), addend}});
  }

  Bytes build() const {
    std::vector<Part> parts = sections_;
    for (uint32_t i = 1; i <= sections_.size(); i++) {
      Bytes entries;
      for (const auto& [section, entry] : relocations_) {
        if (section == i) append(&entries, &entry, sizeof entry);
      }
      if (entries.empty()) continue;
      Elf64_Shdr header{};
      header.sh_type = SHT_RELA;
      header.sh_entsize = sizeof(Elf64_Rela);
      header.sh_info = i;
      parts.push_back({".rela" + sections_[i - 1].name, header, std::move(entries)});
    }
    const auto table = static_cast<uint32_t>(parts.size() + 1);
    for (Part& part : parts) {
      if (part.header.sh_type == SHT_RELA) part.header.sh_link = table;
    }
    Bytes symbols(sizeof(Elf64_Sym));
    for (const Elf64_Sym& symbol : symbols_) append(&symbols, &symbol, sizeof symbol);
    Elf64_Shdr header{};
    header.sh_type = SHT_SYMTAB;
    header.sh_entsize = sizeof(Elf64_Sym);
    header.sh_link = table + 1;
    parts.push_back({".symtab", header, std::move(symbols)});
    header = {};
    header.sh_type = SHT_STRTAB;
    parts.push_back({".strtab", header, Bytes(names_.begin(), names_.end())});
    return withHeaders(std::move(parts));
  }

 private:
  struct Part {
    std::string name;
    Elf64_Shdr header;
    Bytes bytes;
  };

  static void append(Bytes* out, const void* data, size_t size) {
    const auto* start = static_cast<const uint8_t*>(data);
    out->insert(out->end(), start, start + size);
  }

  Bytes withHeaders(std::vector<Part> parts) const {
    Elf64_Shdr names_header{};
    names_header.sh_type = SHT_STRTAB;
    parts.push_back({".shstrtab", names_header, {}});
    std::string names(1, '\0');
    for (Part& part : parts) {
      part.header.sh_name = static_cast<uint32_t>(names.size());
      names += part.name + '\0';
    }
    parts.back().bytes.assign(names.begin(), names.end());
    Bytes out(sizeof(Elf64_Ehdr));
    Bytes headers(sizeof(Elf64_Shdr));
    for (Part& part : parts) {
      part.header.sh_offset = out.size();
      part.header.sh_size = part.bytes.size();
      append(&out, part.bytes.data(), part.bytes.size());
      append(&headers, &part.header, sizeof part.header);
    }
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_REL;
    header.e_machine = machine_ == Machine::kX86_64 ? EM_X86_64 : EM_AARCH64;
    header.e_shoff = out.size();
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = static_cast<uint16_t>(parts.size() + 1);
    header.e_shstrndx = static_cast<uint16_t>(parts.size());
    append(&out, headers.data(), headers.size());
    std::memcpy(out.data(), &header, sizeof header);
    return out;
  }

  Machine machine_;
  std::vector<Part> sections_;
  std::vector<Elf64_Sym> symbols_;
  std::vector<std::pair<uint32_t, Elf64_Rela>> relocations_;
  std::string names_ = std::string(1, '\0');
};

}  // namespace segue::llvm::testing
