# For scripts/lint: each layer's sources as one translation unit, so that clang-tidy reads the headers of other libraries
# once for all of them. Never compiled. Without the verbs, which all name their parts alike.
function(lint_unit layer)
  get_target_property(sources ${layer} SOURCES)
  list(FILTER sources INCLUDE REGEX "/src/")
  list(FILTER sources EXCLUDE REGEX "/app/verbs/")
  add_library(lint_${layer} OBJECT EXCLUDE_FROM_ALL ${sources})
  set_target_properties(lint_${layer} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
  foreach(property COMPILE_DEFINITIONS INCLUDE_DIRECTORIES)
    set_target_properties(lint_${layer} PROPERTIES ${property} $<TARGET_PROPERTY:${layer},${property}>)
  endforeach()
  target_link_libraries(lint_${layer} PRIVATE ${layer})
  target_compile_options(lint_${layer} PRIVATE -Wno-shadow)  # a name of one file in another is no fault
endfunction()
