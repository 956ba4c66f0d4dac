# Headers that are compiled once: those of the libraries that most files use, and the given ones. Headers of this project
# are never precompiled.
function(precompile name)
  target_precompile_headers(${name} PRIVATE
    <algorithm> <array> <chrono> <coroutine> <cstdint> <expected> <filesystem> <fstream> <functional> <map> <memory>
    <optional> <ranges> <set> <sstream> <string> <string_view> <utility> <variant> <vector>
    <boost/asio/as_tuple.hpp> <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp> <boost/asio/io_context.hpp>
    <boost/asio/steady_timer.hpp> <boost/asio/this_coro.hpp> <boost/asio/use_awaitable.hpp>
    <boost/asio/experimental/awaitable_operators.hpp>
    <fmt/format.h> <fmt/ranges.h> <nlohmann/json.hpp> ${ARGN})
  # ccache compares the bytes of precompiled headers, so there must be no time in them.
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    target_compile_options(${name} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()

function(reuse_precompiled name from)
  target_precompile_headers(${name} REUSE_FROM ${from})
  # Clang forgets that a precompiled header of the standard library may use what is deprecated.
  target_compile_options(${name} PRIVATE -Wno-deprecated-declarations)
endfunction()

# Those of the layers, where they have some.
function(reuse_library_headers name)
  if(TARGET library_headers)
    reuse_precompiled(${name} library_headers)
  endif()
endfunction()
