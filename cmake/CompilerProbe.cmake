# Refuses a compiler that miscompiles coroutines: g++ 12 destroys temporaries twice that share an expression with co_await,
# without a warning. The probe counts constructions and destructions of such a temporary.
if(NOT DEFINED HYDRA_PROVISIONER_COROUTINES_WORK)
  try_run(HYDRA_PROVISIONER_PROBE_EXIT HYDRA_PROVISIONER_PROBE_COMPILED
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/compiler_probe.cpp
    CXX_STANDARD 23 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
    COMPILE_OUTPUT_VARIABLE probe_output)
  if(NOT HYDRA_PROVISIONER_PROBE_COMPILED OR NOT HYDRA_PROVISIONER_PROBE_EXIT EQUAL 0)
    message(FATAL_ERROR
      "${CMAKE_CXX_COMPILER} cannot build this program: it lacks C++23 (coroutines, std::expected), or destroys temporaries "
      "twice next to co_await, as g++ 12 does.\nInstall clang 19 or later (scripts/install-packages build) and use a preset "
      "(cmake --preset release), or configure with -DCMAKE_CXX_COMPILER=clang++.\n${probe_output}")
  endif()
  set(HYDRA_PROVISIONER_COROUTINES_WORK ON CACHE INTERNAL "the compiler passed cmake/compiler_probe.cpp")
endif()
