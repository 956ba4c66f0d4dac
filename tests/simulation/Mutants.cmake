# The simulation of a program with one line changed, where no decorator of its world can make the bug. It has to find it:
# within 100 seeds something is violated that matches FINDS. All mutants are one program, whose variable MUTANT chooses one. The
# changed layers are compiled into it, each as one unit, so nothing of them is taken from their libraries.
set(is_mutant [[
#include <cstdlib>
#include <string_view>

namespace {
bool is_mutant(std::string_view name) {
  static const char* const chosen = std::getenv("MUTANT");
  return chosen != nullptr && chosen == name;
}
}  // namespace
]])

# mutant(NAME FINDS SOURCE [FROM TO]…): in each TO, MUTANT is whether this one was chosen.
function(mutant name finds source)
  if(NOT DEFINED text_of_${source})
    file(READ ${PROJECT_SOURCE_DIR}/src/${source} text_of_${source})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${source})
  endif()
  set(text "${text_of_${source}}")
  math(EXPR last "${ARGC} - 1")
  foreach(argument RANGE 3 ${last} 2)
    math(EXPR next "${argument} + 1")
    set(from "${ARGV${argument}}")
    string(REPLACE MUTANT "is_mutant(\"${name}\")" to "${ARGV${next}}")
    string(FIND "${text}" "${from}" place)
    if(place EQUAL -1)
      message(FATAL_ERROR "the mutant ${name} changes a line that is not in ${source} any more: ${from}")
    endif()
    string(REPLACE "${from}" "${to}" text "${text}")
  endforeach()
  set(text_of_${source} "${text}" PARENT_SCOPE)
  add_test(NAME simulation.mutant.${name} COMMAND simulation_mutants ${seeds} --seeds 100)
  set_tests_properties(simulation.mutant.${name} PROPERTIES LABELS mutant TIMEOUT 600 ENVIRONMENT MUTANT=${name}
    PASS_REGULAR_EXPRESSION "fails: ${finds}")
endfunction()

# Writes LAYER_with_mutants.cpp, which includes all sources of the layer, the CHANGED ones as they are now.
function(layer_with_mutants layer)
  get_target_property(sources ${layer} SOURCES)
  list(FILTER sources INCLUDE REGEX "/src/")
  foreach(changed ${ARGN})
    file(CONFIGURE OUTPUT mutants/${changed} CONTENT "${text_of_${changed}}" @ONLY)
    list(TRANSFORM sources REPLACE ".*/src/${changed}$" "${CMAKE_CURRENT_BINARY_DIR}/mutants/${changed}")
  endforeach()
  list(TRANSFORM sources REPLACE "(.+)" "#include \"\\1\"")
  list(JOIN sources "\n" includes)
  file(CONFIGURE OUTPUT ${layer}_with_mutants.cpp CONTENT "${is_mutant}${includes}\n" @ONLY)
endfunction()

mutant(places_are_not_reserved "[a-z]+ of sim-[0-9]+ begins while [0-9]+ others run" act/operations.cpp
  "const Place place(*this, id)"
  "std::optional<Place> place;
  if (!MUTANT) place.emplace(*this, id)")

# What was taken from the ledger before something else happened is not what is true afterwards.
mutant(an_operation_begins_with_a_copy "[a-z]+ of sim-[0-9]+ begins, and the journal has it as" act/operations.cpp
  "Machine& machine = ledger_.at(id);
  if (!is_removal"
  "Machine copy = ledger_.at(id);
  Machine& machine = MUTANT ? copy : ledger_.at(id);
  if (!is_removal")
mutant(an_operation_ends_with_a_copy "[a-z]+ of sim-[0-9]+ is forgotten, and the journal does not have its outcome"
  act/operations.cpp
  "Machine& machine = ledger_.at(id);
  if (job.is_running)"
  "Machine copy = ledger_.at(id);
  Machine& machine = MUTANT ? copy : ledger_.at(id);
  if (job.is_running)")
mutant(what_ended_meanwhile_is_forgotten "[a-z]+ of sim-[0-9]+ is forgotten, and the journal does not have its outcome"
  act/operations.cpp
  "if (job.is_running || (machine != nullptr && machine->found.under_way)) continue"
  "if (job.is_running || (!MUTANT && machine != nullptr && machine->found.under_way)) continue")
mutant(intents_are_not_awaited "[a-z]+ of sim-[0-9]+ begins, and the journal" act/operations.cpp
  "if (!co_await commit()) co_return false;
  if (is_removal(operation))"
  "if (!MUTANT && !co_await commit()) co_return false;
  if (is_removal(operation))")
# Where machines join there is no file, and something else is violated first; so it is where hosts share a journal.
set(seeds --from 4 --every 6)
# One coroutine publishes what is due, and little beside it could overtake. So here are three of them, without a pause.
mutant(publications_overtake
  "(an older machines file takes the place of a newer one|[a-z]+-[0-9]+ is listed, and the journal does not know that it will be)"
  act/publication.cpp "if (is_publishing_)" "if (is_publishing_ && !MUTANT)"
  "co_await io::run_all({do_work, [this] { return publish_what_is_due(); }}, 2)"
  "std::vector<std::function<io::Task<void>()>> tasks = {do_work, [this] { return publish_what_is_due(); }};
  if (MUTANT) tasks.insert(tasks.end(), 2, tasks.back());
  co_await io::run_all(tasks, tasks.size())"
  "std::max<std::size_t>(1000, machines / 10)" "MUTANT ? 0 : std::max<std::size_t>(1000, machines / 10)")
# Of several hosts.
set(seeds --from 2 --every 3)
mutant(operations_of_other_hosts_are_not_left_alone "[a-z]+ of sim-[0-9]+ begins on [a-z]+ while an operation of [a-z]+"
  observe/fleet.cpp "if (host.empty()) return" "if (host.empty() || MUTANT) return")

layer_with_mutants(act act/operations.cpp act/publication.cpp)
layer_with_mutants(observe observe/fleet.cpp)
add_executable(simulation_mutants
  ${CMAKE_CURRENT_BINARY_DIR}/act_with_mutants.cpp ${CMAKE_CURRENT_BINARY_DIR}/observe_with_mutants.cpp)
target_compile_options(simulation_mutants PRIVATE -Wno-shadow)
use_precompiled_headers(simulation_mutants)
target_link_libraries(simulation_mutants PRIVATE simulation_main)
add_dependencies(optimized_tests simulation_mutants)
