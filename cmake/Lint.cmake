# The target lint runs clang-tidy over the layers that have changed since they were clean, each as one translation unit;
# lint_verbs, in some minutes, over the verbs, which are units of their own.
find_program(CLANG_TIDY clang-tidy-19)

# How files are compiled, but without precompiled headers: clang-tidy looks at all that is in them.
set(lint_folder ${PROJECT_BINARY_DIR}/lint)
file(MAKE_DIRECTORY ${lint_folder})
add_custom_target(lint_commands
  COMMAND sed -E "s/ -Xclang -include(-pch)? -Xclang [^ ]+//g" compile_commands.json > ${lint_folder}/compile_commands.json
  WORKING_DIRECTORY ${PROJECT_BINARY_DIR} VERBATIM)

add_custom_target(lint)
add_custom_target(lint_verbs)
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
  set(verbs ${sources})
  list(FILTER verbs INCLUDE REGEX "/app/verbs/")
  foreach(verb ${verbs})
    get_filename_component(verb_name ${verb} NAME_WE)
    lint_unit(verb_${verb_name} ${verb} ${verb})
    add_dependencies(lint_verbs lint_verb_${verb_name})
  endforeach()
  list(FILTER sources EXCLUDE REGEX "/app/verbs/")
  lint_unit(${name} ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${name}.dir/Unity/unity_0_cxx.cxx "${sources}")
  add_dependencies(lint lint_${name})
endfunction()
