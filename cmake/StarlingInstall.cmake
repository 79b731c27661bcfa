# cmake --install and find_package(starling): the static library, its headers, the program, and the Python files that
# draw figures.
include(CMakePackageConfigHelpers)
set(STARLING_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/starling)

install(TARGETS starling starling_program EXPORT starling-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/starling DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(EXPORT starling-targets NAMESPACE starling:: DESTINATION ${STARLING_PACKAGE_DIR})
configure_package_config_file(cmake/starling-config.cmake.in ${PROJECT_BINARY_DIR}/starling-config.cmake
  INSTALL_DESTINATION ${STARLING_PACKAGE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/starling-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/starling-config.cmake ${PROJECT_BINARY_DIR}/starling-config-version.cmake
  DESTINATION ${STARLING_PACKAGE_DIR})
# What starling_add_model compiles.
install(FILES cmake/StarlingModels.cmake cmake/StarlingCuda.cmake cmake/StarlingWarnings.cmake
  DESTINATION ${STARLING_PACKAGE_DIR})
set(STARLING_INTERNAL_DIR ${CMAKE_INSTALL_INCLUDEDIR}/starling-internal)
foreach(folder src/formulas src/backends src/models kernels)
  install(DIRECTORY ${folder}/ DESTINATION ${STARLING_INTERNAL_DIR}/${folder})
endforeach()
install(FILES src/cli/program.cpp DESTINATION ${STARLING_INTERNAL_DIR}/src/cli)

foreach(program starling-cli starling-bench)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} OPTIONAL)  # what was built
  endif()
endforeach()
install(DIRECTORY python/ DESTINATION ${CMAKE_INSTALL_DATADIR}/starling/python USE_SOURCE_PERMISSIONS
  PATTERN "__pycache__" EXCLUDE)
install(DIRECTORY data/ DESTINATION ${CMAKE_INSTALL_DATADIR}/starling/data)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
