# Every header of src/ compiles alone, and all of them in one translation unit: no header lacks an include, and no two
# types have the same name. The target header_tests compiles them.
option(HYDRA_PROVISIONER_HEADER_TESTS "Compile every header alone, and all of them together, in the target header_tests" OFF)

# Most of the time goes into what a header includes. Therefore headers share units where that hides nothing, and each unit
# is compiled with the first of these sets precompiled of which its headers include all, directly or through others.
set(precompiled_sets pass/look.hpp state/journal.hpp model/snapshot.hpp "model/config.hpp io/async/task.hpp" io/async/task.hpp
  model/machine.hpp "model/names.hpp model/time.hpp" model/time.hpp model/error.hpp)

function(header_tests)
  set(src ${PROJECT_SOURCE_DIR}/src)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${src}/*.hpp)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${headers})
  add_custom_target(header_tests)
  execute_process(COMMAND /usr/bin/python3 -B ${PROJECT_SOURCE_DIR}/cmake/header_units.py ${src} ${precompiled_sets}
    OUTPUT_VARIABLE units OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" ";" units "${units}")
  foreach(unit ${units})
    separate_arguments(unit UNIX_COMMAND ${unit})
    list(POP_FRONT unit set)
    list(GET unit -1 last)
    header_unit(headers/${last}.cpp ${unit})
    list(APPEND units_of_${set} ${written})
  endforeach()
  list(LENGTH precompiled_sets sets)
  math(EXPR last "${sets} - 1")
  foreach(set RANGE ${last})
    list(GET precompiled_sets ${set} precompiled)
    compile_units(${set} "${precompiled}" ${units_of_${set}})
  endforeach()
  list(TRANSFORM headers REPLACE "^${src}/" "")
  header_unit(all_headers.cpp ${headers})
  compile_units(others "" ${units_of_-} ${written})
endfunction()

# Writes a source that includes the headers, and sets `written` to its path.
function(header_unit name)
  list(TRANSFORM ARGN REPLACE "(.+)" "#include \"\\1\"")
  list(JOIN ARGN "\n" includes)
  set(written ${CMAKE_CURRENT_BINARY_DIR}/${name})
  file(CONFIGURE OUTPUT ${written} CONTENT "${includes}\n" @ONLY)
  set(written ${written} PARENT_SCOPE)
endfunction()

function(compile_units name precompiled)
  add_library(headers_${name} OBJECT EXCLUDE_FROM_ALL ${ARGN})
  target_link_libraries(headers_${name} PRIVATE app)
  target_compile_options(headers_${name} PRIVATE -fno-sanitize=all -g0)  # none of it runs
  separate_arguments(precompiled UNIX_COMMAND "${precompiled}")
  list(TRANSFORM precompiled PREPEND ${PROJECT_SOURCE_DIR}/src/)
  target_precompile_headers(headers_${name} PRIVATE ${precompiled})
  add_dependencies(header_tests headers_${name})
endfunction()
