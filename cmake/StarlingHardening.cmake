# Release builds notice overflown buffers and can't have their tables of functions overwritten.
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)
add_compile_options(
  "$<$<AND:$<CONFIG:Release>,$<COMPILE_LANGUAGE:CXX>>:-fstack-protector-strong;-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>")
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  add_link_options($<$<CONFIG:Release>:LINKER:-z,relro,-z,now,-z,noexecstack>)
endif()
