// Stands in for the toolkit header of this name.
#pragma once
#include "cuemu.hpp"
#define CUDART_INF_F INFINITY
#define CUDART_NAN_F NAN
