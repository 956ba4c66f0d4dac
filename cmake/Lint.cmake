# clang-tidy over what has changed since it was clean. The target lint reads all layers as one translation unit, so that
# other libraries' headers, which take most of its time, are read once; lint_NAME reads one layer. The verbs are a unit of
# their own: lint_verbs.
find_program(CLANG_TIDY NAMES clang-tidy-19 clang-tidy)

# How files are compiled, but without precompiled headers: clang-tidy looks at all that is in them.
set(lint_folder ${PROJECT_BINARY_DIR}/lint)
file(MAKE_DIRECTORY ${lint_folder})
add_custom_target(lint_commands
  COMMAND sed -E "s/ -Xclang -include(-pch)? -Xclang [^ ]+//g" compile_commands.json > ${lint_folder}/compile_commands.json
  WORKING_DIRECTORY ${PROJECT_BINARY_DIR} VERBATIM)

file(GLOB_RECURSE headers_of_src CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/*.hpp)

# The target lint_NAME runs clang-tidy over the unit, if one of its sources or a header has changed.
function(lint_unit name unit sources)
  set(clean ${PROJECT_BINARY_DIR}/clean-${name})
  add_custom_command(OUTPUT ${clean}
    COMMAND ${CLANG_TIDY} --quiet -p ${lint_folder} ${unit}
    COMMAND ${CMAKE_COMMAND} -E touch ${clean}
    DEPENDS ${sources} ${headers_of_src} ${PROJECT_SOURCE_DIR}/.clang-tidy)
  add_custom_target(lint_${name} DEPENDS ${clean})
  add_dependencies(lint_${name} lint_commands)
endfunction()

function(lint_layer name sources)
  set(units ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${name}.dir/Unity)
  set(verbs ${sources})
  list(FILTER verbs INCLUDE REGEX "/app/verbs/")
  if(verbs)
    lint_unit(verbs ${units}/unity_verbs_cxx.cxx "${verbs}")
  endif()
  list(FILTER sources EXCLUDE REGEX "/app/verbs/")
  lint_unit(${name} ${units}/unity_${name}_cxx.cxx "${sources}")
  set_property(GLOBAL APPEND PROPERTY linted_sources ${sources})
endfunction()

# All layers; TOP is the one that links all others.
function(lint_all_layers top)
  get_property(sources GLOBAL PROPERTY linted_sources)
  list(TRANSFORM sources REPLACE "(.+)" "#include \"\\1\"" OUTPUT_VARIABLE includes)
  list(JOIN includes "\n" includes)
  set(unit ${CMAKE_CURRENT_BINARY_DIR}/all_layers.cpp)
  file(CONFIGURE OUTPUT ${unit} CONTENT "${includes}\n" @ONLY)
  add_library(all_layers OBJECT EXCLUDE_FROM_ALL ${unit})  # never compiled, but listed in compile_commands.json
  target_link_libraries(all_layers PRIVATE $<TARGET_PROPERTY:${top},LINK_LIBRARIES>)
  target_include_directories(all_layers PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_include_directories(all_layers SYSTEM PRIVATE ${LIBPQ_INCLUDE})  # which io keeps to itself
  target_compile_options(all_layers PRIVATE -Wno-shadow)  # as in one_unit
  target_compile_definitions(all_layers PRIVATE $<TARGET_PROPERTY:${top},COMPILE_DEFINITIONS>)
  lint_unit(all_layers ${unit} "${sources}")
  add_custom_target(lint)
  add_dependencies(lint lint_all_layers)
endfunction()
