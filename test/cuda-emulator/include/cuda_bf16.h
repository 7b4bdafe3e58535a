// Stands in for the toolkit header of this name.
#pragma once
#include "cuemu.hpp"
