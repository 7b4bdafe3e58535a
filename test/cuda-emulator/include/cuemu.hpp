// Everything that printed CUDA text may use. The functions declared here without a body live in
// `runtime/`, which is compiled once and never instrumented.
#pragma once
#include "cuemu/language.hpp"
#include "cuemu/runtime_api.hpp"
#include "cuemu/math.hpp"
#include "cuemu/half.hpp"
#include "cuemu/sync.hpp"
#include "cuemu/atomics.hpp"
#include "cuemu/tensor_core.hpp"
#include "cuemu/hopper.hpp"
