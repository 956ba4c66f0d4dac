# A text file as a `const std::string_view` of the program: embed(LAYER FILE HEADER NAME) defines hydra_provisioner::NAME,
# which HEADER declares.
function(embed layer file header name)
  string(REGEX MATCH "^(.+)::([^:]+)$" _ "hydra_provisioner::${name}")
  set(space ${CMAKE_MATCH_1})
  set(variable ${CMAKE_MATCH_2})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  file(READ ${file} text)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded/${file}.cpp)
  file(CONFIGURE OUTPUT ${output} CONTENT [[
#include "@header@"

namespace @space@ {

const std::string_view @variable@ = R"embedded(@text@)embedded";

}  // namespace @space@
]] @ONLY)
  target_sources(${layer} PRIVATE ${output})
  set_source_files_properties(${output} PROPERTIES UNITY_GROUP ${layer})
endfunction()
