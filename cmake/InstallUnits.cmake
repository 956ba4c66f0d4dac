# Installs the units, with the path of the installed program in them: run by `cmake --install`, which knows the prefix.
cmake_minimum_required(VERSION 3.25)
cmake_path(ABSOLUTE_PATH bindir BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}" NORMALIZE)
string(REGEX REPLACE "([\\\"])" "\\\\\\1" bindir "${bindir}")
string(REPLACE % %% program "${bindir}/hydra-provisioner")  # systemd has specifiers such as %n
foreach(unit hydra-provisioner.service hydra-provisioner-pass.service)
  set(installed "${CMAKE_INSTALL_PREFIX}/${units}/${unit}")
  message(STATUS "Installing: $ENV{DESTDIR}${installed}")
  file(READ "${sources}/${unit}.in" text)
  string(REPLACE @program@ "${program}" text "${text}")
  file(WRITE "$ENV{DESTDIR}${installed}" "${text}")
  list(APPEND CMAKE_INSTALL_MANIFEST_FILES "${installed}")
endforeach()
