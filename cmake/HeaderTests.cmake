# Every header of src/ compiles alone, and all of them in one translation unit: no header lacks an include, and no two
# types have the same name.
option(HYDRA_PROVISIONER_HEADER_TESTS "Test that every header compiles alone, and all of them together" OFF)
if(HYDRA_PROVISIONER_HEADER_TESTS)
  set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)  # for the header sets in Layer.cmake
endif()

# Tests that build, since what they test is whether that works. Both do nothing when the build has done it already.
function(header_tests)
  if(NOT HYDRA_PROVISIONER_HEADER_TESTS)
    return()
  endif()
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/src/*.hpp)
  list(TRANSFORM headers REPLACE "(.+)" "#include \"\\1\"")
  list(JOIN headers "\n" includes)
  file(CONFIGURE OUTPUT all_headers.cpp CONTENT "${includes}\n" @ONLY)
  add_library(all_headers OBJECT ${CMAKE_CURRENT_BINARY_DIR}/all_headers.cpp)
  target_link_libraries(all_headers PRIVATE app)

  add_test(NAME headers.together
    COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target all_headers)
  add_test(NAME headers.alone
    COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target all_verify_interface_header_sets -- -k 0)
  set_tests_properties(headers.together headers.alone PROPERTIES LABELS headers RESOURCE_LOCK build TIMEOUT 600)
endfunction()
