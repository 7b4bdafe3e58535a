// Places in the kernel's source: a return address of instrumented code, or a source_location that
// a helper passed on.
#pragma once
#include <string>
#include "../include/cuemu/runtime_api.hpp"

namespace cuemu {

using Site = const void*;

Site site_of(Loc where);
std::string describe(Loc where);  // "kernel.cu:12"
std::string describe(Site site);  // innermost place first, "kernel.cu:12 from kernel.cu:80"
bool same_place(Loc a, Loc b);
std::string format(const char* text, ...) __attribute__((format(printf, 1, 2)));

}  // namespace cuemu
