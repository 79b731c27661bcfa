# Everything that Starling links with. All of it is in Debian; scripts/install-dependencies names the packages.
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(HDF5 REQUIRED IMPORTED_TARGET hdf5)
pkg_check_modules(NETCDF REQUIRED IMPORTED_TARGET netcdf)
pkg_check_modules(CFITSIO REQUIRED IMPORTED_TARGET cfitsio)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(Boost 1.74 REQUIRED)  # headers only: Boost.Math
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(xsimd REQUIRED)
set_target_properties(xsimd PROPERTIES INTERFACE_LINK_LIBRARIES "")  # Debian's names xtl, which it does not use
find_package(OpenSSL REQUIRED)  # libcrypto: SHA-256 of catalogs
find_package(ZLIB REQUIRED)     # checksums of journals and checkpoints
