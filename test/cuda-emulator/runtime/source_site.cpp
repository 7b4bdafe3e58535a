#include "source_site.hpp"
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <link.h>
#include <map>
#include <mutex>
#include <unistd.h>
#include <vector>

namespace cuemu {

namespace {

// Interned locations carry the top bit, which no user-space code address has.
constexpr uintptr_t kInterned = uintptr_t(1) << 63;
std::mutex g_sites_mutex;
std::vector<Loc> g_locations;
std::map<Site, std::string> g_described;

uintptr_t load_base() {
  static const uintptr_t base = [] {
    uintptr_t result = 0;
    dl_iterate_phdr([](dl_phdr_info* info, size_t, void* out) {
      *static_cast<uintptr_t*>(out) = info->dlpi_addr;
      return 1;  // the executable comes first
    }, &result);
    return result;
  }();
  return base;
}

bool in_emulator(const std::string& place) { return place.find(".hpp:") != std::string::npos; }

// Only called for a report, so starting a process per place is affordable.
std::string resolve(uintptr_t address) {
  char command[160], line[512];
  snprintf(command, sizeof command, "addr2line -i -s -e /proc/%d/exe 0x%lx 2>/dev/null", getpid(),
           static_cast<unsigned long>(address - load_base()));
  std::string places;
  if (FILE* pipe = popen(command, "r")) {
    for (int shown = 0; fgets(line, sizeof line, pipe);) {
      std::string place = line;
      place = place.substr(0, place.find_first_of(" \n"));
      if (place.empty() || place[0] == '?' || in_emulator(place) || shown == 3) continue;
      places += (shown++ ? " from " : "") + place;
    }
    pclose(pipe);
  }
  return places.empty() ? format("code address 0x%lx", static_cast<unsigned long>(address)) : places;
}

}  // namespace

std::string format(const char* text, ...) {
  char buffer[2048];
  va_list arguments;
  va_start(arguments, text);
  vsnprintf(buffer, sizeof buffer, text, arguments);
  va_end(arguments);
  return buffer;
}

bool same_place(Loc a, Loc b) {
  return a.line() == b.line() && a.column() == b.column() &&
         (a.file_name() == b.file_name() || !strcmp(a.file_name(), b.file_name()));
}

Site site_of(Loc where) {
  // Lanes reach the same helper one after another, so the last answer is nearly always the next.
  static thread_local struct { Loc where; Site site = nullptr; } cuemu_last;
  if (cuemu_last.site && same_place(cuemu_last.where, where)) return cuemu_last.site;
  std::lock_guard<std::mutex> guard(g_sites_mutex);
  size_t i = 0;
  while (i < g_locations.size() && !same_place(g_locations[i], where)) i++;
  if (i == g_locations.size()) g_locations.push_back(where);
  cuemu_last = {where, reinterpret_cast<Site>(kInterned | i)};
  return cuemu_last.site;
}

std::string describe(Loc where) {
  const char* slash = strrchr(where.file_name(), '/');
  return format("%s:%u", slash ? slash + 1 : where.file_name(), static_cast<unsigned>(where.line()));
}

std::string describe(Site site) {
  if (!site) return "an unknown place";
  std::lock_guard<std::mutex> guard(g_sites_mutex);
  const auto value = reinterpret_cast<uintptr_t>(site);
  if (value & kInterned) return describe(g_locations[value & ~kInterned]);
  auto found = g_described.find(site);
  if (found == g_described.end()) found = g_described.emplace(site, resolve(value - 1)).first;
  return found->second;
}

}  // namespace cuemu
