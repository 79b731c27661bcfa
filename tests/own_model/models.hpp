#pragma once

#include "laplace.hpp"
#include "rayleigh.hpp"
#include "starling/populations/mixture.hpp"

using TwoRayleighs = starling::Mixture<Rayleigh, 2>;
