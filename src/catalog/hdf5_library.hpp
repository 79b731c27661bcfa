/// How Starling uses the HDF5 library, directly and through NetCDF.
#pragma once

#include <hdf5.h>

namespace starling {

/// Call it before anything else of HDF5 or NetCDF. Files are closed where they were opened, so nothing is
/// left to the library's exit handler, which would only crash the program after a disk was full (HDF5 1.10:
/// it writes the file that could not be written once more, and fails over its own leftovers).
inline void prepare_hdf5() {
  [[maybe_unused]] static const herr_t once = H5dont_atexit();
}

}  // namespace starling
