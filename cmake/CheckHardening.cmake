# cmake -DREADELF=... -DPROGRAM=... -P CheckHardening.cmake: whether a program was linked as StarlingHardening.cmake says.
execute_process(COMMAND ${READELF} --wide --file-header --segments --dynamic --dyn-syms ${PROGRAM}
  OUTPUT_VARIABLE elf COMMAND_ERROR_IS_FATAL ANY)
foreach(sign "Type: +DYN" "GNU_RELRO" "BIND_NOW|FLAGS.*NOW" "__stack_chk_fail" "__[a-z]+_chk@")
  if(NOT elf MATCHES "${sign}")
    message(SEND_ERROR "${PROGRAM}: no sign of hardening, ${sign}")
  endif()
endforeach()
if(elf MATCHES "GNU_STACK[^\n]*RWE")
  message(SEND_ERROR "${PROGRAM}: its stack is executable")
endif()
