#include "shared_memory.hpp"
#include <cxxabi.h>
#include <elf.h>
#include <link.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// The storage behind `extern __shared__ ... attn_smem[];`, the one name that kernels use.
alignas(1024) thread_local unsigned char attn_smem[cuemu::kDynamicSharedLimit + cuemu::kDynamicSharedMargin];

namespace cuemu {

namespace {

// Away from zero, and a multiple of the strictest alignment that kernels ask for.
constexpr uint32_t kDynamicWindow = 0x400;
constexpr uint32_t kStaticWindow = 0x100000;

struct Symbol {
  size_t offset, bytes;
  std::string name;
};

std::string readable(const char* mangled) {
  int status = 0;
  char* text = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
  std::string name = status == 0 ? text : mangled;
  std::free(text);
  if (const size_t arguments = name.find('('); arguments != std::string::npos) {
    const size_t last = name.rfind("::");
    if (last != std::string::npos && last > arguments) name.erase(arguments, last - arguments);
  }
  return name;
}

std::vector<char> read_executable() {
  std::vector<char> data;
  FILE* file = fopen("/proc/self/exe", "rb");
  if (!file) return data;
  fseek(file, 0, SEEK_END);
  data.resize(static_cast<size_t>(ftell(file)));
  rewind(file);
  if (fread(data.data(), 1, data.size(), file) != data.size()) data.clear();
  fclose(file);
  return data;
}

// The compiler gives no list of a function's static arrays, but the symbol table has them all. The
// runtime's own thread-locals have `cuemu` in their names.
const std::vector<Symbol>& thread_local_symbols() {
  static const std::vector<Symbol> symbols = [] {
    std::vector<Symbol> found;
    const std::vector<char> exe = read_executable();
    if (exe.size() < sizeof(ElfW(Ehdr))) return found;
    auto* header = reinterpret_cast<const ElfW(Ehdr)*>(exe.data());
    auto* sections = reinterpret_cast<const ElfW(Shdr)*>(exe.data() + header->e_shoff);
    for (int s = 0; s < header->e_shnum; s++) {
      if (sections[s].sh_type != SHT_SYMTAB) continue;
      auto* table = reinterpret_cast<const ElfW(Sym)*>(exe.data() + sections[s].sh_offset);
      const char* names = exe.data() + sections[sections[s].sh_link].sh_offset;
      for (size_t i = 0; i < sections[s].sh_size / sizeof *table; i++) {
        const char* name = names + table[i].st_name;
        if ((table[i].st_info & 0xf) != STT_TLS || !table[i].st_size) continue;
        if (strstr(name, "cuemu") || !strcmp(name, "attn_smem")) continue;
        found.push_back({table[i].st_value, table[i].st_size, readable(name)});
      }
    }
    return found;
  }();
  return symbols;
}

struct Range {
  char *begin, *end;
};
Range thread_local_range() {
  Range range{nullptr, nullptr};
  dl_iterate_phdr([](dl_phdr_info* info, size_t, void* out) {
    for (int k = 0; k < info->dlpi_phnum; k++) {
      if (info->dlpi_phdr[k].p_type != PT_TLS) continue;
      char* begin = static_cast<char*>(info->dlpi_tls_data);
      *static_cast<Range*>(out) = {begin, begin + info->dlpi_phdr[k].p_memsz};
    }
    return 1;  // the executable comes first
  }, &range);
  return range;
}

}  // namespace

SharedMemory::SharedMemory(size_t dynamic_bytes)
    : dynamic_(reinterpret_cast<char*>(attn_smem)), dynamic_bytes_(dynamic_bytes) {
  const Range range = thread_local_range();
  locals_ = range.begin;
  locals_end_ = range.end;
  for (const Symbol& s : thread_local_symbols())
    arrays_.push_back({locals_ + s.offset, s.bytes, s.name, nullptr});
}

void SharedMemory::poison() {
  std::memset(dynamic_, 0xff, dynamic_bytes_ + kDynamicSharedMargin);
  for (const StaticArray& a : arrays_) std::memset(a.begin, 0xff, a.bytes);
}

StaticArray* SharedMemory::static_array(const char* p) {
  auto holds = [p](const StaticArray& a) { return p >= a.begin && p < a.begin + a.bytes; };
  if (recent_ && holds(*recent_)) return recent_;
  const auto found = std::find_if(arrays_.begin(), arrays_.end(), holds);
  return recent_ = found == arrays_.end() ? nullptr : &*found;
}

Shadow& SharedMemory::dynamic_shadow() {
  if (!dynamic_shadow_) dynamic_shadow_ = std::make_unique<Shadow>(kDynamicSharedLimit);
  return *dynamic_shadow_;
}

uint32_t SharedMemory::to_window(const char* p) const {
  if (p >= dynamic_ && p <= dynamic_ + kDynamicSharedLimit) return kDynamicWindow + static_cast<uint32_t>(p - dynamic_);
  if (p >= locals_ && p <= locals_end_) return kStaticWindow + static_cast<uint32_t>(p - locals_);
  return 0;
}

char* SharedMemory::from_window(uint32_t address) const {
  if (address >= kStaticWindow) return locals_ + (address - kStaticWindow);
  return dynamic_ + (static_cast<int64_t>(address) - kDynamicWindow);
}

}  // namespace cuemu
