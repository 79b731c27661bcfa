#pragma once

#include "laplace.hpp"
#include "rayleigh.hpp"
