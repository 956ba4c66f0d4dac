# A package for Debian: `cmake --build --preset program --target deb` writes build/release/hydra-provisioner_*.deb.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME hydra-provisioner)
set(CPACK_PACKAGE_CONTACT "the hydra-provisioner developers <maintainers@hydra-provisioner.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "autoscaler of build machines for Hydra")
set(CPACK_PACKAGE_DESCRIPTION
"Creates build machines when many steps wait in the queue of Hydra, the
continuous integration server of the Nix project, and destroys machines
that are no longer needed, after it has proved that nothing runs on them.
Machines come from EC2, NixOps, this host, or any program.")

# The package is what is installed for the prefix /usr, with that prefix in the units.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/DebianFiles.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "nix-bin, openssh-client, passwd, systemd, tzdata")
# For machines of this host.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "busybox-static, iproute2, openssh-server, python3")
set(scripts ${PROJECT_SOURCE_DIR}/packaging/debian)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${scripts}/postinst ${scripts}/prerm ${scripts}/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
# Without it, CPack would make a package that depends on no library.
find_program(DPKG_SHLIBDEPS dpkg-shlibdeps)
if(DPKG_SHLIBDEPS)
  add_custom_target(deb COMMAND ${CMAKE_CPACK_COMMAND} DEPENDS hydra-provisioner manual USES_TERMINAL)
else()
  add_custom_target(deb
    COMMAND ${CMAKE_COMMAND} -E echo "deb: dpkg-shlibdeps was not found: apt-get install dpkg-dev file, and configure again"
    COMMAND ${CMAKE_COMMAND} -E false)
endif()
