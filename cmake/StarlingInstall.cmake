# cmake --install and find_package(starling)
