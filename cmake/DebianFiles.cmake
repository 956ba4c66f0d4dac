# What Debian wants otherwise than `cmake --install` does it: run by CPack in the tree that becomes the package.
cmake_minimum_required(VERSION 3.25)
set(usr "${CPACK_TEMPORARY_DIRECTORY}/usr")
set(doc "${usr}/share/doc/hydra-provisioner")

file(RENAME "${doc}/LICENSE" "${doc}/copyright")
file(RENAME "${doc}/CHANGELOG.md" "${doc}/changelog")
file(RENAME "${usr}/share/zsh/site-functions" "${usr}/share/zsh/vendor-completions")
file(COPY_FILE "${CMAKE_CURRENT_LIST_DIR}/../packaging/debian/changelog" "${doc}/changelog.Debian")
file(GLOB compressed "${doc}/changelog*" "${usr}/share/man/*/*")
execute_process(COMMAND gzip -9n ${compressed} COMMAND_ERROR_IS_FATAL ANY)
