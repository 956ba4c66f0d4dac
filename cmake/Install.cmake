# What `cmake --install` and packages contain. Paths below the prefix are written into the units alone, when they are
# installed: the program finds its files from where it is.
include(GNUInstallDirs)

set(share ${CMAKE_INSTALL_DATADIR}/hydra-provisioner)
install(TARGETS hydra-provisioner)
install(DIRECTORY nix/ DESTINATION ${share}/nix FILES_MATCHING PATTERN *.nix PATTERN *.json PATTERN tests EXCLUDE)
install(FILES completions/hydra-provisioner.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
  RENAME hydra-provisioner)
install(FILES completions/_hydra-provisioner DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES completions/hydra-provisioner.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
foreach(page ${manual_pages})
  string(REGEX MATCH "[0-9]$" section ${page})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
install(DIRECTORY prometheus grafana DESTINATION ${share})
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR} USE_SOURCE_PERMISSIONS)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES README.md CHANGELOG.md CONTRIBUTING.md RELEASING.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(units lib/systemd/system)
foreach(service hydra-provisioner hydra-provisioner-pass)
  install(FILES systemd/10-folders.conf systemd/10-own-user.conf DESTINATION ${units}/${service}.service.d)
endforeach()
install(FILES systemd/hydra-provisioner-pass.timer DESTINATION ${units})
install(FILES systemd/hydra-provisioner.sysusers DESTINATION lib/sysusers.d RENAME hydra-provisioner.conf)
install(FILES systemd/hydra-provisioner.tmpfiles DESTINATION lib/tmpfiles.d RENAME hydra-provisioner.conf)
install(CODE "
  set(sources \"${PROJECT_SOURCE_DIR}/systemd\")
  set(bindir \"${CMAKE_INSTALL_BINDIR}\")
  set(units \"${units}\")
  include(\"${CMAKE_CURRENT_LIST_DIR}/InstallUnits.cmake\")")
