# With this, the sources of a layer are compiled as one translation unit, and so are its tests. The headers of other
# libraries are read once for all of them: much faster, but only when most of a layer is compiled.
option(HYDRA_PROVISIONER_UNITY "Compile each layer, and its tests, as one translation unit" OFF)

function(one_unit name)
  if(HYDRA_PROVISIONER_UNITY)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
    target_compile_options(${name} PRIVATE -Wno-shadow)  # a name of one file in another is no fault
    # g++ takes an included source for a header, whose types in anonymous namespaces would be a fault.
    target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# A folder of src/ is a static library of the same name, which links only the folders that it may include.
function(layer name uses)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  add_library(${name} STATIC ${sources})
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.hpp)
  target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src FILES ${headers})
  target_link_libraries(${name} PUBLIC ${uses})
  one_unit(${name})
  set_target_properties(${name} PROPERTIES UNITY_BUILD_MODE GROUP)
  set_source_files_properties(${sources} PROPERTIES UNITY_GROUP ${name})
  set_property(GLOBAL APPEND PROPERTY layers ${name})
  if(HYDRA_PROVISIONER_UNITY)
    lint_layer(${name} "${sources}")
  endif()
endfunction()

# A layer for every line of the file: "act: model io observe".
function(layers file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(STRINGS ${file} lines REGEX "^[a-z]")
  foreach(line ${lines})
    string(REGEX MATCH "^([a-z]+): *(.*)$" _ "${line}")
    string(REPLACE " " ";" uses "${CMAKE_MATCH_2}")
    layer(${CMAKE_MATCH_1} "${uses}")
  endforeach()
endfunction()
