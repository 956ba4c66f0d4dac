# Every header of src/ compiles alone, and all of them in one translation unit: no header lacks an include, and no two
# types have the same name. The target header_tests compiles them.
option(HYDRA_PROVISIONER_HEADER_TESTS "Compile every header alone, and all of them together, in the target header_tests" OFF)
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ${HYDRA_PROVISIONER_HEADER_TESTS})  # for the header sets in Layer.cmake

function(header_tests)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/src/*.hpp)
  list(TRANSFORM headers REPLACE "(.+)" "#include \"\\1\"")
  list(JOIN headers "\n" includes)
  file(CONFIGURE OUTPUT all_headers.cpp CONTENT "${includes}\n" @ONLY)
  add_library(all_headers OBJECT EXCLUDE_FROM_ALL ${CMAKE_CURRENT_BINARY_DIR}/all_headers.cpp)
  target_link_libraries(all_headers PRIVATE app)
  add_custom_target(header_tests DEPENDS all_headers all_verify_interface_header_sets)
endfunction()
