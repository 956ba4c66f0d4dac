# Other libraries' headers take most of the time that a file takes, so they are compiled once: for the tests in every
# preset, for the layers only with HYDRA_PROVISIONER_PRECOMPILED_HEADERS. The release compiles its layers without, so a
# source file that lacks an include fails there. Headers of this project are never precompiled.
option(HYDRA_PROVISIONER_PRECOMPILED_HEADERS "Compile the headers of other libraries once for all layers" OFF)

set(headers_of_most_files
  <algorithm> <array> <chrono> <coroutine> <cstdint> <expected> <filesystem> <fstream> <functional> <map> <memory>
  <optional> <ranges> <set> <sstream> <string> <string_view> <utility> <variant> <vector>
  <boost/asio/as_tuple.hpp> <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp> <boost/asio/io_context.hpp>
  <boost/asio/steady_timer.hpp> <boost/asio/this_coro.hpp> <boost/asio/use_awaitable.hpp>
  <boost/asio/experimental/awaitable_operators.hpp>
  <fmt/format.h> <fmt/ranges.h> <nlohmann/json.hpp>)

# A target that holds precompiled headers for others.
function(precompiled_headers name)
  cmake_parse_arguments(ARG "" "" "LINKS;HEADERS" ${ARGN})
  add_library(${name} OBJECT EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/cmake/empty.cpp)
  target_link_libraries(${name} PRIVATE fmt::fmt Boost::headers nlohmann_json::nlohmann_json ${ARG_LINKS})
  target_precompile_headers(${name} PRIVATE ${headers_of_most_files} ${ARG_HEADERS})
  # ccache compares the bytes of precompiled headers, so there must be no time in them.
  target_compile_options(${name} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
endfunction()

function(use_precompiled_headers name holder)
  target_precompile_headers(${name} REUSE_FROM ${holder})
  # Clang forgets that a precompiled header of the standard library may use what is deprecated.
  target_compile_options(${name} PRIVATE -Wno-deprecated-declarations)
endfunction()
