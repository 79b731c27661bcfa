/// Everything that users of the library need.
#pragma once

#include "starling/calibration.hpp"
#include "starling/catalog.hpp"
#include "starling/chain.hpp"
#include "starling/error.hpp"
#include "starling/fit.hpp"
#include "starling/measurements/normal.hpp"
#include "starling/measurements/samples.hpp"
#include "starling/model.hpp"
#include "starling/pairs.hpp"
#include "starling/populations/normal.hpp"
#include "starling/prior.hpp"
#include "starling/selection.hpp"
#include "starling/summary.hpp"
