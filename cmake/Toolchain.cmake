# The compiler and linker of the presets: clang 19 where it stands beside an older clang, as on Debian 12, else the system's
# clang. -DCMAKE_CXX_COMPILER=… chooses another compiler, and CompilerProbe.cmake says whether it suffices.
if(NOT CMAKE_CXX_COMPILER)
  find_program(HYDRA_PROVISIONER_CLANG NAMES clang++-19 clang++)
  if(NOT HYDRA_PROVISIONER_CLANG)
    message(FATAL_ERROR "There is neither clang++-19 nor clang++. Install the compiler (scripts/install-packages build), or "
      "choose another one: -DCMAKE_CXX_COMPILER=…")
  endif()
  set(CMAKE_CXX_COMPILER ${HYDRA_PROVISIONER_CLANG})
endif()
set(CMAKE_EXE_LINKER_FLAGS_INIT -fuse-ld=lld)
