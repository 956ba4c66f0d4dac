# The simulation of a program with one line changed, where no decorator of its world can make the bug. It has to find it:
# within 100 seeds something is violated that matches `finds`. The layer of SOURCE is compiled into the executable, as one
# unit, so nothing of it is taken from its library.

# Includes all sources of the layer, and NAME.cpp instead of SOURCE.
function(layer_with_mutant name source)
  string(REGEX REPLACE "/.*" "" layer ${source})
  get_target_property(sources ${layer} SOURCES)
  list(FILTER sources INCLUDE REGEX "/src/")
  list(TRANSFORM sources REPLACE ".*/src/${source}$" "${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp")
  list(TRANSFORM sources REPLACE "(.+)" "#include \"\\1\"")
  list(JOIN sources "\n" includes)
  file(CONFIGURE OUTPUT ${name}_layer.cpp CONTENT "${includes}\n" @ONLY)
endfunction()

function(mutant name finds source)
  file(READ ${PROJECT_SOURCE_DIR}/src/${source} text)
  math(EXPR last "${ARGC} - 1")
  foreach(argument RANGE 3 ${last} 2)
    math(EXPR next "${argument} + 1")
    set(from "${ARGV${argument}}")
    set(to "${ARGV${next}}")
    string(FIND "${text}" "${from}" place)
    if(place EQUAL -1)
      message(FATAL_ERROR "the mutant ${name} changes a line that is not in ${source} any more: ${from}")
    endif()
    string(REPLACE "${from}" "${to}" text "${text}")
  endforeach()
  file(CONFIGURE OUTPUT ${name}.cpp CONTENT "${text}" @ONLY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${source})
  layer_with_mutant(${name} ${source})
  add_executable(simulation_${name} ${CMAKE_CURRENT_BINARY_DIR}/${name}_layer.cpp)
  target_compile_options(simulation_${name} PRIVATE -Wno-shadow)
  use_precompiled_headers(simulation_${name})
  target_link_libraries(simulation_${name} PRIVATE simulation_main)
  add_dependencies(optimized_tests simulation_${name})
  add_test(NAME simulation.mutant.${name} COMMAND simulation_${name} ${seeds} --seeds 100)
  set_tests_properties(simulation.mutant.${name} PROPERTIES LABELS mutant TIMEOUT 600
    PASS_REGULAR_EXPRESSION "fails: ${finds}")
endfunction()

mutant(places_are_not_reserved "[a-z]+ of sim-[0-9]+ begins while [0-9]+ others run" act/operations.cpp
  "const Place place(*this, id)" "")

# What was taken from the ledger before something else happened is not what is true afterwards.
mutant(an_operation_begins_with_a_copy "[a-z]+ of sim-[0-9]+ begins, and the journal has it as" act/operations.cpp
  "Machine& machine = ledger_.at(id);
  if (!is_removal" "Machine machine = ledger_.at(id);
  if (!is_removal")
mutant(an_operation_ends_with_a_copy "[a-z]+ of sim-[0-9]+ is forgotten, and the journal does not have its outcome"
  act/operations.cpp "Machine& machine = ledger_.at(id);
  if (job.is_running)" "Machine machine = ledger_.at(id);
  if (job.is_running)")
mutant(what_ended_meanwhile_is_forgotten "[a-z]+ of sim-[0-9]+ is forgotten, and the journal does not have its outcome"
  act/operations.cpp "if (job.is_running || (machine != nullptr && machine->found.under_way)) continue"
  "if (job.is_running) continue")
mutant(intents_are_not_awaited "[a-z]+ of sim-[0-9]+ begins, and the journal" act/operations.cpp
  "if (!co_await commit()) co_return false;
  if (is_removal(operation))" "if (is_removal(operation))")
# Where machines join there is no file, and something else is violated first; so it is where hosts share a journal.
set(seeds --from 4 --every 6)
# One coroutine publishes what is due, and little beside it could overtake. So here are three of them, without a pause.
mutant(publications_overtake
  "(an older machines file takes the place of a newer one|[a-z]+-[0-9]+ is listed, and the journal does not know that it will be)"
  act/publication.cpp "if (is_publishing_)" "if (false)"
  "co_await io::run_all({do_work, [this] { return publish_what_is_due(); }}, 2)"
  "const auto each = [this] { return publish_what_is_due(); };
  co_await io::run_all({do_work, each, each, each}, 4)"
  "std::max<std::size_t>(1000, machines / 10)" "machines * 0")
# Of several hosts.
set(seeds --from 2 --every 3)
mutant(operations_of_other_hosts_are_not_left_alone "[a-z]+ of sim-[0-9]+ begins on [a-z]+ while an operation of [a-z]+"
  observe/fleet.cpp "if (host.empty()) return" "if (true) return")
