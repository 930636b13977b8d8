# Fails where an object of the kernels holds a weak or unique symbol (nm's W, V and u): the linker
# keeps one copy of such a function, and a copy made for AVX would then run on every machine.
# cmake -P no_shared_symbols.cmake NM OBJECT...
set(objects 0)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(index RANGE 4 ${last})
  set(object "${CMAKE_ARGV${index}}")
  execute_process(COMMAND "${CMAKE_ARGV3}" --demangle "${object}" OUTPUT_VARIABLE symbols
                  COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[0-9a-f]+ [WVu] [^\n]*" shared "${symbols}")
  if(shared)
    message(SEND_ERROR "${object}: expected no weak symbols, got ${shared}")
  endif()
  math(EXPR objects "${objects} + 1")
endforeach()
message("${objects} objects without weak symbols")
